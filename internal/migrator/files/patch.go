package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Patch returns the difference between two states of the folder at path, keyed by file
// name, as a patch for "git apply".
func Patch(ctx context.Context, path string, before, after map[string][]byte) (patch string, err error) {
	top, err := os.MkdirTemp("", "patch-")
	if err != nil {
		return "", fmt.Errorf("write patch: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(top)) }()
	// Git names the two sides a and b after these folders.
	for side, contents := range map[string]map[string][]byte{"a": before, "b": after} {
		if err := writeAll(filepath.Join(top, side, filepath.FromSlash(path)), contents); err != nil {
			return "", fmt.Errorf("write patch: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, "git", "diff", "--no-index", "--no-prefix", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--text", "a", "b")
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		err = nil // there are differences
	}
	if err != nil {
		return "", fmt.Errorf("git diff: %w", err)
	}
	return string(out), nil
}

func writeAll(folder string, contents map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
