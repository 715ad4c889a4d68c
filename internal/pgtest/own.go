package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"commitment/internal/migration"
	"commitment/internal/pgserver"
	"commitment/internal/pgtest/pgproxy"
)

// StartServer starts a server for the test alone, stopped when the test ends. Without
// PostgreSQL's programs the test is skipped, or fails when CI is set.
func StartServer(tb testing.TB, o pgserver.Options) *pgserver.Server {
	tb.Helper()
	s, err := pgserver.Start(tb.Context(), o)
	need(tb, err)
	tb.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			tb.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return s
}

// Programs returns PostgreSQL's programs. Without them the test is skipped, or fails when
// CI is set.
func Programs(tb testing.TB) pgserver.Programs {
	tb.Helper()
	p, err := pgserver.Find("")
	need(tb, err)
	return p
}

// ReachableDir returns an empty folder that other users may pass through: as root,
// PostgreSQL runs as one of them. It is removed when the test ends, and where that was
// killed, by another test a day later: it is in memory where the system has room.
func ReachableDir(tb testing.TB) string {
	tb.Helper()
	const prefix, lifetime = "commitment-test-", 24 * time.Hour                  // longer than any test
	leftovers, _ := filepath.Glob(filepath.Join(pgserver.TempDir(), prefix+"*")) // fails only for a malformed pattern
	for _, leftover := range leftovers {
		if info, err := os.Stat(leftover); err == nil && time.Since(info.ModTime()) > lifetime {
			_ = os.RemoveAll(leftover)
		}
	}
	dir, err := os.MkdirTemp(pgserver.TempDir(), prefix) //nolint:usetesting // See above.
	if err == nil {
		tb.Cleanup(func() {
			if err := os.RemoveAll(dir); err != nil {
				tb.Errorf("remove the test's folder: %v", err)
			}
		})
		err = os.Chmod(dir, 0o711) //nolint:gosec // Its name is all that they see.
	}
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Migrate applies all migrations to the database at url.
func Migrate(tb testing.TB, url string) {
	tb.Helper()
	dir, err := migration.Embedded()
	if err != nil {
		tb.Fatal(err)
	}
	db := Open(tb, url)
	if _, err := migration.Apply(tb.Context(), db, dir, migration.ApplyOptions{}); err != nil {
		tb.Fatal(err)
	}
	if err := allowLogin(tb.Context(), db, url); err != nil {
		tb.Fatal(err)
	}
}

// Proxy starts a proxy for the server at url, closed when the test ends.
func Proxy(tb testing.TB, url string) *pgproxy.Proxy {
	tb.Helper()
	p, err := pgproxy.Start(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close)
	return p
}
