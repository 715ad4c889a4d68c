package pgserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePrograms creates programs that report a version.
func fakePrograms(t *testing.T, dir, version string) string {
	t.Helper()
	check(t, os.MkdirAll(dir, 0o755))
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"initdb", "postgres"} {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	}
	return dir
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	onPath := fakePrograms(t, filepath.Join(root, "path"), "16.2 (Homebrew)")
	half := fakePrograms(t, filepath.Join(root, "half"), "18.1")
	check(t, os.Remove(filepath.Join(half, "initdb")))
	fakePrograms(t, filepath.Join(root, "debian", "9.6", "bin"), "9.6.24")
	debian15 := fakePrograms(t, filepath.Join(root, "debian", "15", "bin"), "15.18 (Debian 15.18-0+deb12u1)")
	fakePrograms(t, filepath.Join(root, "debian", "14", "bin"), "14.9")
	brew18 := fakePrograms(t, filepath.Join(root, "brew", "postgresql@18", "bin"), "18beta1")
	cached := fakePrograms(t, filepath.Join(root, "cache", "18.3.0", "bin"), "18.3")
	fakePrograms(t, filepath.Join(root, "cache", "fetching", "bin"), "18.3")

	debian, brew := filepath.Join(root, "debian", "*", "bin"), filepath.Join(root, "brew", "postgresql@*", "bin")
	cache := filepath.Join(root, "cache")
	for name, tc := range map[string]struct {
		source source
		major  int
		want   Programs
	}{
		"takes PATH first":                        {source{path: []string{onPath}, patterns: []string{debian}, cache: cache}, 0, Programs{onPath, "16.2"}},
		"skips a directory without initdb":        {source{path: []string{half, onPath}}, 0, Programs{onPath, "16.2"}},
		"takes the newest of one place":           {source{patterns: []string{debian}, cache: cache}, 0, Programs{debian15, "15.18"}},
		"takes places in order":                   {source{patterns: []string{brew, debian}}, 0, Programs{brew18, "18beta1"}},
		"takes what was fetched last":             {source{path: []string{"", "relative", half}, cache: cache}, 0, Programs{cached, "18.3"}},
		"prefers the version that data need":      {source{path: []string{onPath}, patterns: []string{debian}}, 15, Programs{debian15, "15.18"}},
		"takes the first when none is of version": {source{path: []string{onPath}, patterns: []string{debian}}, 17, Programs{onPath, "16.2"}},
		"never takes a version that is too old":   {source{path: []string{filepath.Join(root, "debian", "9.6", "bin"), onPath}}, 9, Programs{onPath, "16.2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tc.source.find(tc.major)
			if err != nil || got != tc.want {
				t.Errorf("programs = %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	old := fakePrograms(t, filepath.Join(root, "old"), "13.21")
	strange := fakePrograms(t, filepath.Join(root, "strange"), "'; echo nonsense '")
	t.Run("says what to install, and what is too old", func(t *testing.T) {
		t.Parallel()
		_, err := source{path: []string{old}}.find(0)
		wantNotFound(t, err, "apt install", "dnf install", "brew install", "COMMITMENT_POSTGRES_BIN", "DATABASE_URL", "13.21 in "+old)
	})
	t.Run("names the configured directory", func(t *testing.T) {
		t.Parallel()
		for _, dir := range []string{old, strange, filepath.Join(root, "none")} {
			_, err := Find(dir)
			wantNotFound(t, err, dir)
		}
	})
}

func wantNotFound(t *testing.T, err error, texts ...string) {
	t.Helper()
	if !errors.Is(err, ErrNotFound) {
		t.Fatalf("error = %v, want ErrNotFound", err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error = %q, want it to name %q", err, text)
		}
	}
}
