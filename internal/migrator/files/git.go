package files

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// folder is a folder in the work tree of a git repository.
type folder string

// git runs git in the folder and returns its output.
func (f folder) git(ctx context.Context, stdin string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = string(f)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("git isn't installed, and is needed to compare with other revisions")
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}

// line returns git's output, which is one line.
func (f folder) line(ctx context.Context, args ...string) (string, error) {
	out, err := f.git(ctx, "", args...)
	return strings.TrimSpace(string(out)), err
}

// resolve returns the commit that ref names, and the name under which it was found: in
// a clone with remote branches only, as in most CI jobs, "main" is "origin/main".
func (f folder) resolve(ctx context.Context, ref string) (name, commit string, err error) {
	if _, err := f.line(ctx, "rev-parse", "--is-inside-work-tree"); err != nil {
		return "", "", err
	}
	for _, name := range []string{ref, "origin/" + ref} {
		commit, err = f.line(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
		if err == nil || ctx.Err() != nil {
			return name, commit, err
		}
	}
	return "", "", fmt.Errorf("git knows neither %q nor %q", ref, "origin/"+ref)
}

// mergeBase returns the last commit that HEAD and the given one have in common.
func (f folder) mergeBase(ctx context.Context, commit string) (string, error) {
	if _, err := f.line(ctx, "rev-parse", "--verify", "--quiet", "HEAD"); err != nil {
		return "", errors.New("there is no commit yet")
	}
	fork, err := f.line(ctx, "merge-base", commit, "HEAD")
	if err == nil || ctx.Err() != nil {
		return fork, err
	}
	if shallow, serr := f.line(ctx, "rev-parse", "--is-shallow-repository"); serr == nil && shallow == "true" {
		return "", errors.New(`the clone is too shallow to find the common commit of the branches: run "git fetch --unshallow", or let CI check out all history`)
	}
	return "", errors.New("the branches have no commit in common")
}

// blob is a file in a commit.
type blob struct{ name, id string }

// migrations reads the *.sql files of the folder in a commit; none if the folder isn't
// there.
func (f folder) migrations(ctx context.Context, commit string) ([]source, error) {
	blobs, err := f.list(ctx, commit)
	if err != nil || len(blobs) == 0 {
		return nil, err
	}
	var ids strings.Builder
	for _, b := range blobs {
		ids.WriteString(b.id + "\n")
	}
	out, err := f.git(ctx, ids.String(), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(bytes.NewReader(out))
	files := make([]source, 0, len(blobs))
	for _, b := range blobs {
		content, err := nextBlob(r)
		if err != nil {
			return nil, fmt.Errorf("read %s from git: %w", b.name, err)
		}
		files = append(files, source{b.name, content})
	}
	return files, nil
}

// list lists the *.sql files by name. Git names them relative to the folder that it
// runs in.
func (f folder) list(ctx context.Context, commit string) ([]blob, error) {
	out, err := f.git(ctx, "", "ls-tree", "-r", "-z", commit)
	if err != nil {
		return nil, err
	}
	var blobs []blob
	for entry := range strings.SplitSeq(string(out), "\x00") {
		meta, name, _ := strings.Cut(entry, "\t")
		kind := strings.Fields(meta) // mode, type, id
		if len(kind) == 3 && kind[1] == "blob" && strings.HasSuffix(name, ".sql") {
			blobs = append(blobs, blob{name: name, id: kind[2]})
		}
	}
	return blobs, nil
}

// nextBlob reads one object of cat-file --batch: "<id> blob <size>", the content, and a
// newline.
func nextBlob(r *bufio.Reader) ([]byte, error) {
	head, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(head)
	if len(fields) != 3 || fields[1] != "blob" {
		return nil, fmt.Errorf("unexpected output of git: %q", strings.TrimSpace(head))
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, err
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, err
	}
	_, err = r.Discard(1)
	return content, err
}
