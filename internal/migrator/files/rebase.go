package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/plan"
)

// Rebased is what [Rebase] did. Without renames and with the sums left alone
// there was nothing to do.
type Rebased struct {
	Base    string   `json:"base"` // as git calls it
	Renamed []Rename `json:"renamed"`
	// Rehashed says that atlas.sum is another one than before.
	Rehashed bool `json:"rehashed"`
}

// Rebase brings the files of dir that the base in git doesn't have behind its
// newest: those that stand before it, or have a version twice, get new versions,
// and their order stays. Then atlas.sum is written anew, whatever it was, so this
// also ends a conflict in it. The base's own files are never touched: when one
// was edited, removed or renamed, nothing is done at all.
func Rebase(ctx context.Context, dir *migrate.LocalDir, ref string) (Rebased, error) {
	base, err := ReadBase(ctx, dir, ref)
	if err != nil {
		return Rebased{}, err
	}
	now, err := dir.Files()
	if err != nil {
		return Rebased{}, fmt.Errorf("read migrations: %w", err)
	}
	d := base.Compare(now)
	if err := errors.Join(d.untouched(base.Name), resolved(d.New)); err != nil {
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

// untouched refuses a directory that changes its base: new sums would hide it.
func (d Difference) untouched(base string) error {
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

// resolved refuses files in which a merge has left both sides.
func resolved(files []migrate.File) error {
	for _, f := range files {
		for line := range bytes.Lines(f.Bytes()) {
			if bytes.HasPrefix(line, []byte("<<<<<<< ")) {
				return fmt.Errorf("%s has a conflict in it: resolve it first", f.Name())
			}
		}
	}
	return nil
}

// schedule gives new versions to the files, from the first one on that doesn't
// come after newest and after the file before it.
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

// VersionAfter is the version for the file that follows one of version newest: the
// present, or a second later.
func VersionAfter(newest string) (string, error) {
	last := &migrate.MemDir{}
	if err := last.WriteFile(newest+".sql", nil); err != nil {
		return "", err
	}
	version, err := plan.NextVersion(last)
	if err == nil && version <= newest {
		err = fmt.Errorf("version %q sorts behind the present time, so no time comes after it", newest)
	}
	return version, err
}

// rename begins with the last file, so that no name is taken that another file
// has yet to give up, and a failure leaves the order as it was.
func rename(dir *migrate.LocalDir, renames []Rename) error {
	for _, r := range slices.Backward(renames) {
		from, to := filepath.Join(dir.Path(), r.From), filepath.Join(dir.Path(), r.To)
		if err := os.Rename(from, to); err != nil {
			return fmt.Errorf("rename migration: %w", err)
		}
	}
	return nil
}
