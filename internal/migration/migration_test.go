package migration_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

// deadline bounds every wait for something that happens elsewhere.
const deadline = 30 * time.Second

func emptyDB(t *testing.T) *sql.DB {
	t.Helper()
	return pgtest.Open(t, pgtest.EmptyURL(t))
}

// files is a directory with an atlas.sum that matches, made of names and contents.
func files(t *testing.T, namesAndContents ...string) *migrate.MemDir {
	t.Helper()
	var list []migrate.File
	for i := 0; i < len(namesAndContents); i += 2 {
		list = append(list, migrate.NewLocalFile(namesAndContents[i], []byte(namesAndContents[i+1])))
	}
	dir := &migrate.MemDir{}
	if err := dir.CopyFiles(list); err != nil {
		t.Fatal(err)
	}
	return dir
}

func embedded(t *testing.T) migrate.Dir {
	t.Helper()
	dir, err := migration.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func apply(t *testing.T, db *sql.DB, dir migrate.Dir) []*migrate.Revision {
	t.Helper()
	revs, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	return revs
}

func versions(revs []*migrate.Revision) []string {
	var vs []string
	for _, r := range revs {
		vs = append(vs, r.Version)
	}
	return vs
}

func names(files []migrate.File) []string {
	var ns []string
	for _, f := range files {
		ns = append(ns, f.Name())
	}
	return ns
}

func queryStrings(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func tables(t *testing.T, db *sql.DB) []string {
	t.Helper()
	return queryStrings(t, db, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
}

func exec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until the query answers true.
func eventually(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for {
		var ok bool
		if err := db.QueryRowContext(ctx, query).Scan(&ok); err != nil {
			t.Fatalf("wait for %s: %v", query, err)
		}
		if ok {
			return
		}
	}
}
