package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ariga.io/atlas/sql/migrate"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver, "pgx"

	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/plan"
	"commitment/internal/pgserver"
)

// bench is what the steps of a scenario work on: two copies of the directory and
// two databases, one for each world.
type bench struct {
	scenario
	url     func(database string) string
	dev     *dev.Server
	dir     *migrate.LocalDir
	theirs  string            // the folder of the other copy
	desired *migrate.LocalDir // one file, with all of want
	db      *sql.DB
	through map[string]bool // steps that the CLI did to their end
}

// database names, of which the CLI's dev database has to be empty.
const (
	ourTarget   = "ours"
	atlasTarget = "atlas"
	atlasDev    = "atlas_dev"
)

// prepare makes databases and directories.
func prepare(ctx context.Context, server *pgserver.Server, sc scenario, top string) (*bench, error) {
	b := &bench{scenario: sc, url: server.URL, through: map[string]bool{}}
	var err error
	if b.dev, err = dev.Open(ctx, server.URL("postgres")); err != nil {
		return nil, err
	}
	if err := makeDatabases(ctx, server.URL("postgres")); err != nil {
		return nil, err
	}
	if b.dir, err = emptyDir(filepath.Join(top, "ours")); err != nil {
		return nil, err
	}
	if b.desired, err = emptyDir(filepath.Join(top, "desired")); err != nil {
		return nil, err
	}
	if err := sc.fill(ctx, b.dev, b.dir); err != nil {
		return nil, err
	}
	b.theirs = filepath.Join(top, "theirs")
	if err := os.CopyFS(b.theirs, os.DirFS(b.dir.Path())); err != nil {
		return nil, err
	}
	if _, err := sc.want.Diff(ctx, b.dev, b.desired, "all"); err != nil {
		return nil, err
	}
	b.db, err = sql.Open("pgx", server.URL(ourTarget))
	return b, err
}

func makeDatabases(ctx context.Context, url string) error {
	for _, name := range []string{ourTarget, atlasTarget} {
		if err := renew(ctx, url, name); err != nil {
			return err
		}
	}
	return nil
}

// renew makes a database empty.
func renew(ctx context.Context, url, name string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	for _, statement := range []string{"DROP DATABASE IF EXISTS %s WITH (FORCE)", "CREATE DATABASE %s"} {
		if _, err := db.ExecContext(ctx, fmt.Sprintf(statement, name)); err != nil {
			return errors.Join(err, db.Close())
		}
	}
	return db.Close()
}

// emptyDir is a new directory with its sums.
func emptyDir(path string) (*migrate.LocalDir, error) {
	if err := os.Mkdir(path, 0o750); err != nil {
		return nil, err
	}
	dir, err := migrate.NewLocalDir(path)
	if err != nil {
		return nil, err
	}
	return dir, plan.Write(dir, nil)
}
