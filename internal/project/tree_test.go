package project

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/pgtest"
)

// TestTheProgramEmbedsTheTree finds files at the top that embed.go doesn't list.
func TestTheProgramEmbedsTheTree(t *testing.T) {
	t.Parallel()
	embedded := foundation(t)
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	ignore, err := os.ReadFile("../../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	ignored := strings.Fields(strings.ReplaceAll(string(ignore), "/", " "))
	for _, e := range entries {
		if name := e.Name(); name != ".git" && name != "bench" && !slices.Contains(ignored, name) && !embedded.exists(name) {
			t.Errorf("embed.go doesn't list %s", name)
		}
	}
}

// TestACheckoutGivesWhatIsCommitted compares both sources with the tree.
func TestACheckoutGivesWhatIsCommitted(t *testing.T) {
	t.Parallel()
	dir, want := pgtest.ReachableDir(t), foundation(t)
	repository(t, dir, want)
	if err := os.WriteFile(filepath.Join(dir, "stray"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := (&source{checkout: dir, version: "HEAD"}).tree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("tree of a checkout (-want +got):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(dir, ".ci", "run"))
	if err != nil || info.Mode()&fs.ModePerm != 0o755 {
		t.Errorf(".ci/run = %v, %v, want a script", info, err)
	}
}

func TestACheckoutWithChangesIsRefused(t *testing.T) {
	dir := t.TempDir()
	repository(t, dir, tree{"go.mod": []byte("module commitment\n")})
	t.Chdir(dir)
	if s, err := findSource(context.Background()); err != nil || s.checkout == "" || s.version == "" {
		t.Errorf("findSource() = %+v, %v, want the checkout", s, err)
	}
	if err := os.WriteFile("stray", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := findSource(context.Background()); err == nil || !strings.Contains(err.Error(), "stray") {
		t.Errorf("error = %v, want one that names the change", err)
	}
	t.Chdir(t.TempDir())
	if s, err := findSource(context.Background()); err != nil || s.checkout != "" {
		t.Errorf("findSource() elsewhere = %+v, %v, want the program's own tree", s, err)
	}
}
