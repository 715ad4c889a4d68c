package buildtest_test

import (
	"os"
	"path/filepath"
	"testing"

	"commitment/internal/buildtest"
)

func TestDir(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	var first, second string
	take := func(t *testing.T) string {
		t.Helper()
		dir := buildtest.Dir(t)
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("folder has %v, %v, want it empty", left, err)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.go"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	t.Run("a", func(t *testing.T) {
		first, second = take(t), take(t)
		if first == second {
			t.Errorf("two folders in use = %s, want different ones", first)
		}
	})
	for _, dir := range []string{first, second} {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s after the test: %v, want it removed", dir, err)
		}
	}
	// A subtest of the same name in a second run gets the first folder again.
	if err := os.Mkdir(first, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(first, "left"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		t.Run("b", func(t *testing.T) { take(t) })
	}
}
