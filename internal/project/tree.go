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

// A tree holds the texts of files by path.
type tree map[string][]byte

// A source is the foundation that projects are made from: a checkout, or the tree that
// the program carries.
type source struct {
	checkout string // the checkout's folder; empty when the program's own tree is used
	version  string // the commit; empty when the program doesn't know it
}

// findSource prefers the checkout in which the program was started.
func findSource(ctx context.Context) (*source, error) {
	top, err := git(ctx, ".", "rev-parse", "--show-toplevel")
	if err != nil || !isFoundation(top) {
		return carried()
	}
	changed, err := git(ctx, top, "status", "--porcelain")
	switch {
	case err != nil:
		return nil, err
	case changed != "":
		return nil, fmt.Errorf("this checkout has changes that aren't committed, so the project would be of no version: "+
			"commit or stash them\n%s", changed)
	}
	version, err := git(ctx, top, "rev-parse", "HEAD")
	return &source{checkout: top, version: version}, err
}

// carried is the program's own tree.
func carried() (*source, error) {
	s := &source{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return s, nil
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.modified" && setting.Value == "true":
			return nil, errors.New("this program was built from a checkout with changes that weren't committed: commit them, and build it again")
		case setting.Key == "vcs.revision":
			s.version = setting.Value
		}
	}
	return s, nil
}

// isFoundation reports whether dir is a checkout of the foundation, not of a project that
// was made from it.
func isFoundation(dir string) bool {
	gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(gomod), "module commitment\n")
}

// tree returns the files of the source's version.
func (s *source) tree(ctx context.Context) (tree, error) {
	if s.checkout != "" {
		return archived(ctx, s.checkout, s.version)
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

// archived returns the files of a commit.
func archived(ctx context.Context, checkout, commit string) (tree, error) {
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

// executable reports whether a file is a script, which is what has this bit here.
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

// git runs a command of git in dir and returns its output.
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
