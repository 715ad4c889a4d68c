// Package files keeps a directory of migrations in order: it compares the branches of a
// git repository, and creates, rebases and validates files. What their statements do is
// the business of the packages that trace and judge them.
package files

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/plan"
)

// newText is the content of a new file. A line with the prefix of Atlas's directives
// would be read as one.
const newText = `-- End each statement with a semicolon. All of them run in one transaction.
-- A statement that can't, such as CREATE INDEX CONCURRENTLY, belongs in a file of its
-- own with the transaction mode "none". When done, run: go run ./cmd/migrate hash

`

// New writes an empty migration that comes after all others of dir, updates atlas.sum,
// and returns the file's name. The name consists of a-z, 0-9 and _.
func New(dir *migrate.LocalDir, name string) (string, error) {
	if err := plan.CheckName(name); err != nil {
		return "", err
	}
	if err := migration.Validate(dir); err != nil {
		return "", err
	}
	version, err := plan.NextVersion(dir)
	if err != nil {
		return "", err
	}
	f := migrate.NewLocalFile(version+"_"+name+".sql", []byte(newText))
	if err := plan.Write(dir, []migrate.File{f}); err != nil {
		return "", err
	}
	return f.Name(), nil
}

// Hash writes atlas.sum for the files of dir and reports whether it changed.
func Hash(dir *migrate.LocalDir) (changed bool, err error) {
	sum, err := dir.Checksum()
	if err != nil {
		return false, fmt.Errorf("hash migrations: %w", err)
	}
	text, err := sum.MarshalText()
	if err != nil {
		return false, fmt.Errorf("hash migrations: %w", err)
	}
	path := filepath.Join(dir.Path(), migrate.HashFileName)
	if present, err := os.ReadFile(path); err == nil && string(present) == string(text) {
		return false, nil
	}
	if err := dir.WriteFile(migrate.HashFileName, text); err != nil {
		return false, fmt.Errorf("write %s: %w", migrate.HashFileName, err)
	}
	return true, nil
}

// Validate checks that dir can be applied to an empty database: atlas.sum matches, no
// two files have the same version, and every statement runs. A statement that fails is
// a [migration.StatementError].
func Validate(ctx context.Context, server *dev.Server, dir migrate.Dir) (err error) {
	if err := migration.Validate(dir); err != nil {
		return err
	}
	all, err := dir.Files()
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if twice := Duplicates(all); len(twice) > 0 {
		return fmt.Errorf("%s and %s have the same version", twice[0][0], twice[0][1])
	}
	db, err := server.Database(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if dropped := db.Drop(ctx); err == nil {
			err = dropped
		}
	}()
	return migration.Replay(ctx, db.DB, all)
}

// Duplicates returns the names of files that share a version, each group by name.
func Duplicates(all []migrate.File) [][]string {
	byVersion := map[string][]string{}
	var versions []string
	for _, f := range all {
		v := f.Version()
		byVersion[v] = append(byVersion[v], f.Name())
		if len(byVersion[v]) == 2 {
			versions = append(versions, v)
		}
	}
	var groups [][]string
	for _, v := range versions {
		groups = append(groups, byVersion[v])
	}
	return groups
}
