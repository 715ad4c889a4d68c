package files

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// Base is the state of the migrations on the branch that others are merged into.
type Base struct {
	// Name is its name in git, such as "main" or "origin/main".
	Name string
	// Commit is its newest commit.
	Commit string
	// Files are its present files, including those added after the branches diverged.
	Files []migrate.File
	fork  []migrate.File // what both had when they parted
}

// BaseError reports why git can't compare with the base: there is no repository, no
// such ref, or no common commit.
type BaseError struct {
	Ref string
	Err error
}

// Error names the ref.
func (e *BaseError) Error() string { return fmt.Sprintf("read base %s: %v", e.Ref, e.Err) }

// Unwrap returns the cause.
func (e *BaseError) Unwrap() error { return e.Err }

// ReadBase reads the files of dir at ref, a branch, tag or commit, from git. A ref that
// git doesn't know is looked up at the remote "origin". The error is a [BaseError], or
// that of ctx.
func ReadBase(ctx context.Context, dir *Dir, ref string) (Base, error) {
	b, err := readBase(ctx, dir, ref)
	switch {
	case ctx.Err() != nil:
		return Base{}, ctx.Err()
	case err != nil:
		return Base{}, &BaseError{Ref: ref, Err: err}
	}
	return b, nil
}

func readBase(ctx context.Context, dir *Dir, ref string) (Base, error) {
	f := folder(dir.Path())
	name, commit, err := f.resolve(ctx, ref)
	if err != nil {
		return Base{}, err
	}
	fork, err := f.mergeBase(ctx, commit)
	if err != nil {
		return Base{}, err
	}
	b := Base{Name: name, Commit: commit}
	if b.Files, err = dir.at(ctx, commit); err != nil {
		return Base{}, err
	}
	b.fork = b.Files
	if fork != commit {
		b.fork, err = dir.at(ctx, fork)
	}
	return b, err
}

// Rename is a file that has, or gets, another name.
type Rename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Difference is how a directory differs from its base.
type Difference struct {
	New     []migrate.File // by name
	Edited  []migrate.File // with the content that they have now
	Removed []string
	Renamed []Rename // the content is the same
}

// Compare finds how the files of a directory differ from the base, leaving out what the
// base itself changed since the branches diverged.
func (b Base) Compare(now []migrate.File) Difference {
	var d Difference
	at, before, here := byName(b.Files), byName(b.fork), byName(now)
	for _, f := range now {
		there, forked := at[f.Name()], before[f.Name()]
		switch {
		case there == nil && forked == nil:
			d.New = append(d.New, f)
		case there != nil && !same(f, there) && (forked == nil || !same(f, forked)):
			d.Edited = append(d.Edited, f)
		}
	}
	for _, f := range b.fork {
		if here[f.Name()] == nil && at[f.Name()] != nil {
			d.remove(f)
		}
	}
	return d
}

// remove records that f is gone, or was renamed if a new file has its content.
func (d *Difference) remove(f migrate.File) {
	for i, candidate := range d.New {
		if same(f, candidate) {
			d.Renamed = append(d.Renamed, Rename{From: f.Name(), To: candidate.Name()})
			d.New = append(d.New[:i:i], d.New[i+1:]...)
			return
		}
	}
	d.Removed = append(d.Removed, f.Name())
}

// OutOfOrder returns the new files whose version isn't after the newest of the base:
// where that one was applied, they never will be.
func (b Base) OutOfOrder(added []migrate.File) []migrate.File {
	var behind []migrate.File
	newest := b.newest()
	for _, f := range added {
		if f.Version() <= newest {
			behind = append(behind, f)
		}
	}
	return behind
}

// newest is the version of the base's last file; empty without one.
func (b Base) newest() string {
	if len(b.Files) == 0 {
		return ""
	}
	return b.Files[len(b.Files)-1].Version()
}

func byName(files []migrate.File) map[string]migrate.File {
	m := make(map[string]migrate.File, len(files))
	for _, f := range files {
		m[f.Name()] = f
	}
	return m
}

// same reports whether two files are equal: in content where there are sums of it, and
// elsewhere in their statements.
func same(a, b migrate.File) bool {
	if _, foreign := a.(*file); !foreign {
		return bytes.Equal(a.Bytes(), b.Bytes())
	}
	before, err := migration.Statements(a)
	after, failed := migration.Statements(b)
	return err == nil && failed == nil && slices.EqualFunc(before, after, func(a, b *migrate.Stmt) bool { return a.Text == b.Text })
}
