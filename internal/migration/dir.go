// Package migration applies the versioned migrations of ent/migrate/migrations with
// Atlas's library. The files, atlas.sum, the directives, the lock and the table of
// revisions are those of the Atlas CLI, so that either can continue where the other
// stopped. A migration blocks nobody for long, can be stopped at any moment and run
// again, and refuses a schema that somebody else has changed. The package knows a
// directory and a *sql.DB; callers decide where the database comes from and what is
// printed.
package migration

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/ent/migrate/migrations"
)

// Embedded returns the migrations that are compiled into the program.
func Embedded() (migrate.Dir, error) { return FromFS(migrations.FS) }

// FromFS reads the migrations in the root of fsys into memory, with their atlas.sum.
// For a directory on disk that is to be written, use [migrate.NewLocalDir].
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
			return nil, fmt.Errorf("load migration: %w", err)
		}
	}
	return dir, nil
}

// RevertName is the name of the file, in the directory of a migration, that has its
// revert where that is written by hand: down/NAME.sql, NAME.down.sql for NAME.up.sql, or
// U1__NAME.sql for V1__NAME.sql. Beside NAME.sql, Atlas would run it as a migration.
func RevertName(name string) string {
	if folder, base := path.Split(name); flywayName.MatchString(base) {
		return folder + "U" + strings.TrimPrefix(base, "V")
	}
	if pair, ok := strings.CutSuffix(name, ".up.sql"); ok {
		return pair + ".down.sql"
	}
	return "down/" + name
}

var flywayName = regexp.MustCompile(`^V[0-9][0-9._]*__`)

// Validate compares the files of dir with its atlas.sum. A difference is a
// [migrate.ChecksumError], wrapped to name the file.
func Validate(dir migrate.Dir) error {
	const hash = "run migrate hash if the files are as they should be"
	err := migrate.Validate(dir)
	if sum, ok := errors.AsType[*migrate.ChecksumError](err); ok {
		return fmt.Errorf("%s was %s after %s was written, %s: %w", sum.File, sum.Reason, migrate.HashFileName, hash, err)
	}
	switch {
	case errors.Is(err, migrate.ErrChecksumNotFound):
		return fmt.Errorf("there is no %s, %s: %w", migrate.HashFileName, hash, err)
	case errors.Is(err, migrate.ErrChecksumFormat), errors.Is(err, migrate.ErrChecksumMismatch):
		return fmt.Errorf("%s isn't that of the files, %s: %w", migrate.HashFileName, hash, err)
	case err != nil:
		return fmt.Errorf("validate migrations: %w", err)
	}
	return nil
}

// checkVersions refuses two files of one version: it is recorded once, so that one of
// them would never be applied, or count as changed.
func checkVersions(files []migrate.File) error {
	seen := map[string]string{}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".down.sql") {
			continue // which is refused as what it is
		}
		if other, twice := seen[f.Version()]; twice {
			return fmt.Errorf("%s and %s have the same version, of which only one can be recorded: run migrate rebase, or rename the one that isn't applied yet", other, f.Name())
		}
		seen[f.Version()] = f.Name()
	}
	return nil
}

// loadedDir is a directory whose files and sums were read once, and match. Atlas's
// executor asks for all of them again for every file that it runs.
type loadedDir struct {
	migrate.Dir
	files []migrate.File
	sum   migrate.HashFile
}

func loadDir(dir migrate.Dir) (loadedDir, error) {
	files, err := dir.Files()
	if err != nil {
		return loadedDir{}, fmt.Errorf("read migrations: %w", err)
	}
	sum, err := dir.Checksum()
	if err != nil {
		return loadedDir{}, fmt.Errorf("hash migrations: %w", err)
	}
	d := loadedDir{Dir: dir, files: files, sum: sum}
	return d, Validate(d)
}

// Files returns the files.
func (d loadedDir) Files() ([]migrate.File, error) { return d.files, nil }

// Checksum returns the sums.
func (d loadedDir) Checksum() (migrate.HashFile, error) { return d.sum, nil }
