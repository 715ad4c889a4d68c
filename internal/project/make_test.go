package project

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMakeLeavesNothingHalfWritten(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	exists := filepath.Join(parent, "exists")
	if err := os.Mkdir(exists, 0o750); err != nil {
		t.Fatal(err)
	}
	err := (&source{}).make(t.Context(), exists, newSettings(t, "", false), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "exists: choose a new directory") {
		t.Errorf("error for an existing directory = %v, want one that says so", err)
	}
	if _, err := os.Stat(exists); err != nil {
		t.Errorf("the existing directory: %v, want it left alone", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out := writerFunc(func(p []byte) (int, error) {
		cancel() // when the first step begins
		return len(p), nil
	})
	fresh := filepath.Join(parent, "fresh", "tasks") // whose parent is created, too
	if err := (&source{}).make(ctx, fresh, newSettings(t, "", false), out); err == nil {
		t.Error("error of an interrupted make = nil, want one")
	}
	if _, err := os.Stat(filepath.Dir(fresh)); !os.IsNotExist(err) {
		t.Errorf("the directory of a failed make: %v, want none", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
