// Package pgtest gives every test a PostgreSQL database of its own, cloned from
// a template that was built from the migration files. It is for tests alone.
//
// The databases are on a private server that starts with the first test that
// wants one and ends with the process; no TestMain is needed. Where
// TEST_DATABASE_URL is set they are on that server, whose user has to be allowed
// to create databases. Without any PostgreSQL a test is skipped, or fails when CI
// is set.
package pgtest

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	_ "commitment/ent/runtime" // the schemas, without which no test can make a client
	"commitment/internal/pgserver"
	"commitment/internal/schemakit"
)

// URL returns the URL of a new, migrated database, for the role of the service, which owns
// nothing and sees one tenant at a time. The database is dropped when the test ends,
// sessions and all. Tests may call it in parallel and more than once.
func URL(tb testing.TB) string {
	tb.Helper()
	return AppURL(tb, OwnerURL(tb))
}

// AppURL returns the URL of the same database for the role of the service.
func AppURL(tb testing.TB, url string) string {
	tb.Helper()
	return WithParams(tb, url, map[string]string{"role": schemakit.AppRole})
}

// LoginURL returns the URL of the same database with the role of the service logged in, as
// in production, which works through a pooler, too. The database is one of this package
// or of [Migrate].
func LoginURL(tb testing.TB, owner string) string {
	tb.Helper()
	u, err := url.Parse(owner)
	if err != nil {
		tb.Fatal(err)
	}
	u.User = url.UserPassword(schemakit.AppRole, loginPassword(u))
	return u.String()
}

// OwnerURL is [URL] for the role that migrates, which may do everything.
func OwnerURL(tb testing.TB) string {
	tb.Helper()
	s := reach(tb)
	template, err := s.template()
	if err != nil {
		tb.Fatalf("build template database: %v", err)
	}
	return s.clone(tb, template)
}

// EmptyURL is [URL] without the migrations.
func EmptyURL(tb testing.TB) string {
	tb.Helper()
	return reach(tb).clone(tb, pristine)
}

// ServerURL returns the URL of a database that is only to be connected to, for tests that
// create databases themselves.
func ServerURL(tb testing.TB) string {
	tb.Helper()
	return reach(tb).admin
}

// Open returns a plain pool on url, closed when the test ends.
func Open(tb testing.TB, url string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		tb.Fatalf("open database: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close database: %v", err)
		}
	})
	return db
}

// reach returns the server of this process, or ends the test.
func reach(tb testing.TB) *server {
	tb.Helper()
	s, err := theServer()
	need(tb, err)
	return s
}

// need ends the test unless err is nil. Without PostgreSQL it skips the test, unless CI
// is set.
func need(tb testing.TB, err error) {
	tb.Helper()
	if errors.Is(err, pgserver.ErrNotFound) && os.Getenv("CI") == "" {
		tb.Skipf("this test needs PostgreSQL: %v", err)
	}
	if err != nil {
		tb.Fatalf("start PostgreSQL: %v", err)
	}
}
