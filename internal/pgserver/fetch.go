package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// fetchedVersion is the version to download if none is installed.
const fetchedVersion = "18.3.0"

// findOrFetch finds programs, preferably of version major, or downloads them.
func (s source) findOrFetch(ctx context.Context, major int, say func(string, ...any)) (Programs, error) {
	p, err := s.find(major)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return p, err
	}
	say("downloading PostgreSQL %s (once; it may take a minute)", fetchedVersion)
	if p, err = s.fetch(ctx); err != nil {
		return Programs{}, fmt.Errorf("download PostgreSQL %s: %w: %w", fetchedVersion, err, ErrNotFound)
	}
	return p, nil
}

// fetch downloads programs into the cache. One process does so at a time; the others
// wait and use its result.
func (s source) fetch(ctx context.Context) (Programs, error) {
	if s.cache == "" {
		return Programs{}, errors.New("the user has no cache directory")
	}
	if err := os.MkdirAll(s.cache, 0o755); err != nil { //nolint:gosec // The server's user executes what is in it.
		return Programs{}, fmt.Errorf("create the cache directory: %w", err)
	}
	lock, err := waitLock(ctx, filepath.Join(s.cache, "lock"))
	if err != nil {
		return Programs{}, err
	}
	defer func() { _ = lock.Close() }()
	return s.download(ctx)
}

func waitLock(ctx context.Context, path string) (*os.File, error) {
	for {
		lock, err := tryLock(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		if !pause(ctx) {
			return nil, fmt.Errorf("wait for the download of another process: %w", context.Cause(ctx))
		}
	}
}

// download extracts the programs into a temporary directory and renames that once they
// run, so that Find never sees an interrupted download.
func (s source) download(ctx context.Context) (Programs, error) {
	target := filepath.Join(s.cache, fetchedVersion)
	if p, err := inspect(filepath.Join(target, "bin")); err == nil {
		return p, nil
	}
	stage := filepath.Join(s.cache, "fetching")
	if err := errors.Join(os.RemoveAll(stage), os.RemoveAll(target)); err != nil {
		return Programs{}, fmt.Errorf("clear the cache: %w", err)
	}
	defer func() { _ = os.RemoveAll(stage) }()
	programs := filepath.Join(stage, "programs")
	if err := os.MkdirAll(programs, 0o755); err != nil { //nolint:gosec // The server's user executes what is in it.
		return Programs{}, err
	}
	jar := filepath.Join(stage, "archive.jar")
	if err := getArchive(ctx, s.archiveURL(), jar); err != nil {
		return Programs{}, err
	}
	if err := unpack(ctx, jar, programs); err != nil {
		return Programs{}, fmt.Errorf("unpack %s: %w", s.archiveURL(), err)
	}
	if _, err := inspect(filepath.Join(programs, "bin")); err != nil {
		return Programs{}, err
	}
	if err := os.Rename(programs, target); err != nil {
		return Programs{}, fmt.Errorf("move to the cache: %w", err)
	}
	return inspect(filepath.Join(target, "bin"))
}
