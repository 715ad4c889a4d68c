package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/plan"
)

// Rebased is what [Rebase] did. If nothing was renamed or rehashed, there was nothing
// to do.
type Rebased struct {
	Base    string   `json:"base"` // as git calls it
	Renamed []Rename `json:"renamed"`
	// Rehashed says that atlas.sum has changed.
	Rehashed bool `json:"rehashed"`
}

// Rebase moves the files of dir that the base in git doesn't have behind its newest
// file: those that are older, or whose version is taken, get new versions, in the same
// order. It rewrites atlas.sum whatever it contained, which also resolves a conflict in
// it. The base's own files are never touched: if one was edited, removed or renamed,
// Rebase does nothing.
func Rebase(ctx context.Context, dir *migrate.LocalDir, ref string) (Rebased, error) {
	base, err := ReadBase(ctx, &Dir{LocalDir: dir, Format: Atlas}, ref)
	if err != nil {
		return Rebased{}, err
	}
	now, err := dir.Files()
	if err != nil {
		return Rebased{}, fmt.Errorf("read migrations: %w", err)
	}
	d := base.Compare(now)
	if err := errors.Join(d.checkUntouched(base.Name), checkResolved(d.New)); err != nil {
		return Rebased{}, err
	}
	done := Rebased{Base: base.Name}
	if done.Renamed, err = schedule(base.newest(), d.New); err != nil {
		return Rebased{}, err
	}
	if err := rename(dir, done.Renamed); err != nil {
		return Rebased{}, err
	}
	done.Rehashed, err = Hash(dir)
	return done, err
}

// checkUntouched refuses a directory that changes files of its base, which new sums
// would hide.
func (d Difference) checkUntouched(base string) error {
	var errs []error
	refuse := func(name, was string) {
		errs = append(errs, fmt.Errorf("%s is part of %s and was %s: restore it first (git checkout %s -- %s)", name, base, was, base, name))
	}
	for _, f := range d.Edited {
		refuse(f.Name(), "edited")
	}
	for _, name := range d.Removed {
		refuse(name, "removed")
	}
	for _, r := range d.Renamed {
		refuse(r.From, "renamed to "+r.To)
	}
	return errors.Join(errs...)
}

// checkResolved refuses files with unresolved conflicts of a merge.
func checkResolved(files []migrate.File) error {
	for _, f := range files {
		for line := range bytes.Lines(f.Bytes()) {
			if bytes.HasPrefix(line, []byte("<<<<<<< ")) {
				return fmt.Errorf("%s has a conflict in it: resolve it first", f.Name())
			}
		}
	}
	return nil
}

// schedule assigns new versions to the files, beginning with the first that isn't after
// newest and after the file before it.
func schedule(newest string, files []migrate.File) ([]Rename, error) {
	var renames []Rename
	for _, f := range files {
		if f.Version() > newest {
			newest = f.Version()
			continue
		}
		version, err := VersionAfter(newest)
		if err != nil {
			return nil, err
		}
		newest = version
		renames = append(renames, Rename{From: f.Name(), To: version + strings.TrimPrefix(f.Name(), f.Version())})
	}
	return renames, nil
}

// VersionAfter is the version of the file that follows version newest: the present
// time, or a second later.
func VersionAfter(newest string) (string, error) {
	last := &migrate.MemDir{}
	if err := last.WriteFile(newest+".sql", nil); err != nil {
		return "", err
	}
	version, err := plan.NextVersion(last)
	if err == nil && version <= newest {
		err = fmt.Errorf("no version can follow %q, which sorts after the present time", newest)
	}
	return version, err
}

// rename begins with the last file, so that it never takes a name that another file
// still has, and a failure leaves the files in order. A revert that is written by hand
// goes with its file.
func rename(dir *migrate.LocalDir, renames []Rename) error {
	path := func(name string) string { return filepath.Join(dir.Path(), filepath.FromSlash(name)) }
	for _, r := range slices.Backward(renames) {
		if err := os.Rename(path(r.From), path(r.To)); err != nil {
			return fmt.Errorf("rename migration: %w", err)
		}
		err := os.Rename(path(migration.RevertName(r.From)), path(migration.RevertName(r.To)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("rename revert: %w", err)
		}
	}
	return nil
}
