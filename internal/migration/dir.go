// Package migration plans and applies the versioned migrations of
// ent/migrate/migrations with Atlas's library. The files, atlas.sum, the
// directives, the lock and the table of revisions are those of the Atlas CLI, so
// either can go on where the other stopped. It knows the tables that Ent
// generates and a *sql.DB; where that database comes from, and what is printed,
// is for its callers.
package migration

import (
	"errors"
	"fmt"
	"io/fs"

	"ariga.io/atlas/sql/migrate"

	"commitment/ent/migrate/migrations"
)

// Embedded returns the migrations that are compiled into the program.
func Embedded() (migrate.Dir, error) { return FromFS(migrations.FS) }

// FromFS returns the migrations in the root of fsys, read into memory, with
// their atlas.sum. A directory on disk that is to be written to is
// [migrate.NewLocalDir].
func FromFS(fsys fs.FS) (migrate.Dir, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	if _, err := fs.Stat(fsys, migrate.HashFileName); err == nil {
		names = append(names, migrate.HashFileName)
	}
	dir := &migrate.MemDir{}
	for _, name := range names {
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		if err := dir.WriteFile(name, content); err != nil {
			return nil, fmt.Errorf("keep migration: %w", err)
		}
	}
	return dir, nil
}

// Validate compares the files of dir with its atlas.sum. The error of a
// difference is a [migrate.ChecksumError], wrapped to name the file.
func Validate(dir migrate.Dir) error {
	err := migrate.Validate(dir)
	if sum, ok := errors.AsType[*migrate.ChecksumError](err); ok {
		return fmt.Errorf("%s was %s after %s was written: %w", sum.File, sum.Reason, migrate.HashFileName, err)
	}
	if err != nil {
		return fmt.Errorf("validate migrations: %w", err)
	}
	return nil
}
