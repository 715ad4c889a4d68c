package compat

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// LoadRevision is [Load] for a commit of the git repository that root is in. The whole
// repository is unpacked into a temporary folder, because a module may need what is beside
// it; the repository itself is only read.
func LoadRevision(ctx context.Context, root, schema, revision string) (_ Entities, err error) {
	commit, err := git(ctx, root, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return nil, err
	}
	top, err := git(ctx, root, "rev-parse", "--show-toplevel", "--show-prefix")
	if err != nil {
		return nil, err
	}
	repo, prefix, _ := strings.Cut(strings.TrimSuffix(top, "\n"), "\n")
	dir, err := os.MkdirTemp("", "commitment-revision-")
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", revision, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := unpackCommit(ctx, repo, strings.TrimSpace(commit), dir); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", revision, err)
	}
	es, err := Load(ctx, filepath.Join(dir, filepath.FromSlash(prefix)), schema)
	if err != nil {
		return nil, fmt.Errorf("at %s: %w", revision, err)
	}
	return es, nil
}

func git(ctx context.Context, repo string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", repo}, args...)...).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return string(out), nil
}

// unpackCommit unpacks the archive while git writes it.
func unpackCommit(ctx context.Context, repo, commit, dir string) error {
	cmd := exec.CommandContext(ctx, "git", "-C", repo, "archive", "--format=tar", commit)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	archive, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	unpacked := unpack(archive, dir)
	_, drained := io.Copy(io.Discard, archive) // what follows the end, or an error of ours
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("git archive: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return errors.Join(unpacked, drained)
}

// unpack writes the files of a tar archive into dir, and nowhere else. It skips links.
func unpack(archive io.Reader, dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := writeFile(root, filepath.FromSlash(h.Name), r); err != nil {
			return err
		}
	}
}

func writeFile(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
