// Package migrationtest tests a migration on rows: it brings a database to the
// version before it, lets the test insert, and applies it. It is for tests alone.
package migrationtest

import (
	"database/sql"
	"slices"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

// Database is a database at one version of a directory. It is closed and dropped
// when the test ends.
type Database struct {
	*sql.DB
	dir migrate.Dir
}

// To returns a new database to which the files of dir were applied, up to version
// and with it. The empty version is before the first.
func To(tb testing.TB, dir migrate.Dir, version string) *Database {
	tb.Helper()
	d := &Database{DB: pgtest.Open(tb, pgtest.EmptyURL(tb)), dir: dir}
	if version != "" {
		d.Apply(tb, version)
	}
	return d
}

// Apply applies the files that are left up to version and with it. It ends the
// test when one of them fails.
func (d *Database) Apply(tb testing.TB, version string) {
	tb.Helper()
	if err := d.Try(tb, version); err != nil {
		tb.Fatalf("apply up to %s: %v", version, err)
	}
}

// Try is [Database.Apply] for a migration that is meant to fail on the rows.
func (d *Database) Try(tb testing.TB, version string) error {
	tb.Helper()
	_, err := migration.Apply(tb.Context(), d.DB, upTo(tb, d.dir, version), migration.ApplyOptions{})
	return err
}

// Exec runs a statement, or ends the test.
func (d *Database) Exec(tb testing.TB, query string, args ...any) {
	tb.Helper()
	if _, err := d.ExecContext(tb.Context(), query, args...); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
}

// upTo is dir without the files behind version.
func upTo(tb testing.TB, dir migrate.Dir, version string) migrate.Dir {
	tb.Helper()
	all, err := dir.Files()
	if err != nil {
		tb.Fatalf("read migrations: %v", err)
	}
	last := slices.IndexFunc(all, func(f migrate.File) bool { return f.Version() == version })
	if last < 0 {
		tb.Fatalf("there is no migration %s", version)
	}
	first := &migrate.MemDir{}
	if err := first.CopyFiles(all[:last+1]); err != nil {
		tb.Fatalf("copy migrations: %v", err)
	}
	return first
}
