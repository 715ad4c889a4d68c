package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// atlas is a build of the Atlas CLI.
type atlas struct {
	path  string
	limit time.Duration
}

// outcome is what became of one command.
type outcome struct {
	took    time.Duration
	stopped bool // at the limit
	skipped bool // a step that it builds on wasn't done
	// said is the CLI's answer where it refused, and empty where it did its work.
	said string
}

// worked says that the CLI did its work.
func (o outcome) worked() bool { return !o.stopped && !o.skipped && o.said == "" }

// version is the first line of the CLI's own, and empty without a CLI.
func (a atlas) version(ctx context.Context) (string, error) {
	if a.path == "" {
		return "", nil
	}
	out, err := a.command(ctx, "version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", a.path, err)
	}
	return firstLine(string(out)), nil
}

// run runs a command. That it fails, or doesn't end in time, is an outcome; the
// error is of a CLI that can't be started, or of an interrupted run.
func (a atlas) run(ctx context.Context, args ...string) (outcome, error) {
	limited, cancel := context.WithTimeout(ctx, a.limit)
	defer cancel()
	start := time.Now()
	out, err := a.command(limited, args...).CombinedOutput()
	o := outcome{took: time.Since(start)}
	_, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return o, nil
	case ctx.Err() != nil:
		return o, ctx.Err()
	case limited.Err() != nil:
		o.stopped = true
	case exited:
		o.said = firstLine(string(out))
	default:
		return o, err
	}
	return o, nil
}

func (a atlas) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, a.path, args...)
	cmd.Env = append(os.Environ(), "ATLAS_NO_UPDATE_NOTIFIER=1", "ATLAS_NO_ANON_TELEMETRY=1")
	return cmd
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
