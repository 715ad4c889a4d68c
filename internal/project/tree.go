package project

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	"commitment"
)

// A tree is the contents of files by path.
type tree map[string][]byte

// A source is the foundation that projects are made from: a checkout, or the tree that
// is embedded in the program.
type source struct {
	checkout string // the checkout's directory; empty for the embedded tree
	version  string // the commit; empty if unknown
}

// findSource returns the checkout in which the program was started, or the embedded
// tree.
func findSource(ctx context.Context) (*source, error) {
	top, err := git(ctx, ".", "rev-parse", "--show-toplevel")
	if err != nil || !isFoundation(top) {
		return embedded()
	}
	changed, err := git(ctx, top, "status", "--porcelain")
	switch {
	case err != nil:
		return nil, err
	case changed != "":
		return nil, fmt.Errorf("this checkout has uncommitted changes, so the project would have no version: "+
			"commit or stash them\n%s", changed)
	}
	version, err := git(ctx, top, "rev-parse", "HEAD")
	return &source{checkout: top, version: version}, err
}

// embedded returns the program's embedded tree.
func embedded() (*source, error) {
	s := &source{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return s, nil
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.modified" && setting.Value == "true":
			return nil, errors.New("this program was built from a checkout with uncommitted changes: commit them, and build it again")
		case setting.Key == "vcs.revision":
			s.version = setting.Value
		}
	}
	return s, nil
}

// isFoundation reports whether dir is a checkout of the foundation, rather than of a
// project made from it.
func isFoundation(dir string) bool {
	gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(gomod), "module commitment\n")
}

// tree returns the files of the source's version.
func (src *source) tree(ctx context.Context) (tree, error) {
	if src.checkout != "" {
		return readCommit(ctx, src.checkout, src.version)
	}
	return readTree(commitment.Tree)
}

func readTree(fsys fs.FS) (tree, error) {
	t := tree{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		t[p], err = fs.ReadFile(fsys, p)
		return err
	})
	return t, err
}

// readCommit returns the files of a commit.
func readCommit(ctx context.Context, checkout, commit string) (tree, error) {
	out, err := gitOutput(ctx, checkout, nil, "archive", "--format=tar", commit)
	if err != nil {
		return nil, err
	}
	t := tree{}
	for r := tar.NewReader(bytes.NewReader(out)); ; {
		header, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return t, nil
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", commit, err)
		case header.Typeflag != tar.TypeReg:
			continue
		}
		if t[header.Name], err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("read %s: %w", commit, err)
		}
	}
}

// executable reports whether a file is a script.
func executable(text []byte) bool { return bytes.HasPrefix(text, []byte("#!")) }

// write writes the files below dir.
func (t tree) write(dir string) error {
	for p, text := range t {
		name, mode := filepath.Join(dir, filepath.FromSlash(p)), fs.FileMode(0o644)
		if executable(text) {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // a project is for its readers
			return err
		}
		if err := os.WriteFile(name, text, mode); err != nil {
			return err
		}
	}
	return nil
}

// git runs a git command in dir and returns its output.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := gitOutput(ctx, dir, nil, args...)
	return strings.TrimSpace(string(out)), err
}

func gitOutput(ctx context.Context, dir string, stdin io.Reader, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, stdin, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w\n%s", args[0], err, bytes.TrimSpace(append(out, stderr.Bytes()...)))
	}
	return out, nil
}
