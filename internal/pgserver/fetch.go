package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// fetchedVersion is what is fetched where nothing is installed.
const fetchedVersion = embeddedpostgres.V18

// findOrFetch finds programs, of version major where there is a choice, or
// fetches them. ctx ends the wait; the download itself ends with the process.
func (s source) findOrFetch(ctx context.Context, major int, say func(string, ...any)) (Programs, error) {
	p, err := s.find(major)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return p, err
	}
	say("fetching PostgreSQL %s, which is done once and may take a minute", fetchedVersion)
	if p, err = s.fetch(ctx); err != nil {
		return Programs{}, fmt.Errorf("fetch PostgreSQL %s: %w: %w", fetchedVersion, err, ErrNotFound)
	}
	return p, nil
}

// fetch puts programs into the cache. One process at a time does, and whoever
// waited for it takes what it fetched.
func (s source) fetch(ctx context.Context) (Programs, error) {
	if s.cache == "" {
		return Programs{}, errors.New("the user has no cache directory")
	}
	if err := os.MkdirAll(s.cache, 0o755); err != nil { //nolint:gosec // The server's user executes what is in it.
		return Programs{}, fmt.Errorf("make the cache: %w", err)
	}
	lock, err := waitLock(ctx, filepath.Join(s.cache, "lock"))
	if err != nil {
		return Programs{}, err
	}
	type result struct {
		programs Programs
		err      error
	}
	results := make(chan result, 1)
	go func() { // The library can't be told to stop.
		defer func() { _ = lock.Close() }()
		p, err := s.download()
		results <- result{p, err}
	}()
	select {
	case r := <-results:
		return r.programs, r.err
	case <-ctx.Done():
		return Programs{}, context.Cause(ctx)
	}
}

func waitLock(ctx context.Context, path string) (*os.File, error) {
	for {
		lock, err := tryLock(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		if !pause(ctx) {
			return nil, fmt.Errorf("wait for the process that fetches: %w", context.Cause(ctx))
		}
	}
}

// download fetches and unpacks into a folder of its own, which it renames when
// the programs run, so that an interrupted one leaves nothing that Find takes.
func (s source) download() (Programs, error) {
	target := filepath.Join(s.cache, string(fetchedVersion))
	if p, err := inspect(filepath.Join(target, "bin")); err == nil {
		return p, nil
	}
	stage := filepath.Join(s.cache, "fetching")
	if err := errors.Join(os.RemoveAll(stage), os.RemoveAll(target)); err != nil {
		return Programs{}, fmt.Errorf("clear the cache: %w", err)
	}
	defer func() { _ = os.RemoveAll(stage) }()
	programs := filepath.Join(stage, "programs")
	fetchErr := unpack(s.repository, filepath.Join(stage, "archive"), programs)
	if _, err := inspect(filepath.Join(programs, "bin")); err != nil {
		return Programs{}, errors.Join(fetchErr, err)
	}
	if err := os.Rename(programs, target); err != nil {
		return Programs{}, fmt.Errorf("move into the cache: %w", err)
	}
	return inspect(filepath.Join(target, "bin"))
}

// unpack has the library download the archive and unpack it into programs. The
// library can only go on and start a server, which as root it can't: a runtime
// path below a file makes it stop right after unpacking, always with an error.
func unpack(repository, archive, programs string) error {
	config := embeddedpostgres.DefaultConfig().
		Version(fetchedVersion).
		CachePath(archive).
		BinariesPath(programs).
		RuntimePath(filepath.Join(programs, "bin", "postgres", "none")).
		Port(0).
		Logger(io.Discard)
	if repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	return embeddedpostgres.NewDatabase(config).Start()
}
