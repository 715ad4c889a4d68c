package review

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// Fix rewrites the files that r reviewed so that what its findings can fix is
// fixed, except where a directive accepts it, and returns the names of what it
// wrote: none when there is nothing to fix. A file is split where the safe form
// needs more than one; files that come after it get later versions if they have
// to. Then atlas.sum is written anew. A file is left as it is that fails, unless a
// fix is what lets it run, that begins or ends transactions itself, or that has
// another delimiter than a semicolon.
//
// It is an error, and nothing is written, when a file isn't what was reviewed, or
// when one of the base's was touched, which new sums would hide.
func Fix(r Report, dir *migrate.LocalDir) ([]string, error) {
	c, err := fixes(r, dir)
	if err != nil || len(c.written) == 0 {
		return nil, err
	}
	if err := plan.Write(dir, c.written); err != nil {
		return nil, err
	}
	for _, name := range c.removed {
		if err := os.Remove(filepath.Join(dir.Path(), name)); err != nil {
			return nil, fmt.Errorf("remove migration: %w", err)
		}
	}
	_, err = files.Hash(dir)
	return names(c.written), err
}

// change is what fixing does to a directory.
type change struct {
	written []migrate.File // new ones, and others with another content
	removed []string       // by those that take their place
}

func fixes(r Report, dir *migrate.LocalDir) (change, error) {
	for _, f := range r.Findings {
		if f.Code == codeEdited || f.Code == codeRemoved || f.Code == codeRenamed {
			return change{}, fmt.Errorf("%s: new sums would hide it", f.Title)
		}
	}
	now, err := dir.Files()
	if err != nil {
		return change{}, fmt.Errorf("read migrations: %w", err)
	}
	var c change
	newest := ""
	for _, reviewed := range r.Files {
		i := slices.IndexFunc(now, func(f migrate.File) bool { return f.Name() == reviewed.Name })
		if i < 0 {
			return change{}, fmt.Errorf("%s is gone since the review", reviewed.Name)
		}
		became, err := reviewed.fixed(now[i], newest)
		if err != nil {
			return change{}, err
		}
		newest = became[len(became)-1].Version()
		c.replace(now[i], became)
	}
	if err := c.unambiguous(now); err != nil {
		return change{}, err
	}
	return c, nil
}

func (c *change) replace(f migrate.File, became []migrate.File) {
	if len(became) == 1 && became[0] == f {
		return
	}
	c.written = append(c.written, became...)
	if !slices.Contains(names(became), f.Name()) {
		c.removed = append(c.removed, f.Name())
	}
}

// unambiguous refuses a change that would give a version twice.
func (c *change) unambiguous(now []migrate.File) error {
	all := slices.Clone(c.written)
	for _, f := range now {
		if !slices.Contains(c.removed, f.Name()) && !slices.Contains(names(c.written), f.Name()) {
			all = append(all, f)
		}
	}
	if twice := files.Duplicates(all); len(twice) > 0 && len(c.written) > 0 {
		return fmt.Errorf("%s would have the same version: bring the files in order first", strings.Join(twice[0], " and "))
	}
	return nil
}

// fixed returns what becomes of f, which is f itself when nothing does. All of it
// has versions after newest.
func (r File) fixed(f migrate.File, newest string) ([]migrate.File, error) {
	steps := r.fixSteps()
	if len(steps) == 0 || !r.rewritable(f) {
		return later(f, newest)
	}
	stmts, err := migration.Statements(f)
	if err != nil {
		return nil, err
	}
	if !r.describes(f, stmts) {
		return nil, fmt.Errorf("%s has changed since the review", f.Name())
	}
	version, err := versionOf(f, newest)
	if err != nil {
		return nil, err
	}
	return rewrite(f, version, stmts, steps)
}

// fixSteps are the fixes of the statements, by their places. Of several for one the first
// is taken that does more than move it; the next review shows whether another is
// still needed.
func (r File) fixSteps() map[int][]plan.Step {
	steps := map[int][]plan.Step{}
	for _, f := range r.Findings {
		if len(f.Fix) == 0 || f.Suppressed != "" {
			continue
		}
		if taken := steps[f.Statement]; taken == nil || moves(taken) && !moves(f.Fix) {
			steps[f.Statement] = f.Fix
		}
	}
	return steps
}

// moves reports whether a fix only puts the statement into another file.
func moves(fix []plan.Step) bool { return len(fix) == 1 && fix[0].Apart && !fix[0].Alone }

// rewritable reports whether the statements of f can be brought into other files.
func (r File) rewritable(f migrate.File) bool {
	controls := slices.ContainsFunc(r.Findings, func(found hazard.Finding) bool { return found.Code == "CM202" })
	return !controls && !otherDelimiter(f) && (r.complete() || r.misplaced())
}

// misplaced reports whether the file failed on a statement that can't be in its
// transaction, and can be elsewhere.
func (r File) misplaced() bool {
	n := len(r.Statements)
	return n > 0 && r.Statements[n-1].Transaction && r.fixSteps()[n] != nil
}

// describes reports whether the statements are those that were reviewed: all of
// them, or those up to the one that failed.
func (r File) describes(f migrate.File, stmts []*migrate.Stmt) bool {
	n := len(r.Statements)
	if n > len(stmts) || n < len(stmts) && r.complete() {
		return false
	}
	return slices.EqualFunc(r.Statements, stmts[:n], func(t trace.Statement, s *migrate.Stmt) bool {
		return t.SQL == s.Text && t.Line == lineAt(f, s.Pos)
	})
}

func otherDelimiter(f migrate.File) bool {
	return strings.HasPrefix(string(f.Bytes()), "-- atlas:delimiter")
}

// later is f, with a version after newest.
func later(f migrate.File, newest string) ([]migrate.File, error) {
	version, err := versionOf(f, newest)
	if err != nil || version == f.Version() {
		return []migrate.File{f}, err
	}
	return []migrate.File{migrate.NewLocalFile(version+strings.TrimPrefix(f.Name(), f.Version()), f.Bytes())}, nil
}

// versionOf is the version of f, or the one after newest when that isn't behind it.
func versionOf(f migrate.File, newest string) (string, error) {
	if f.Version() > newest {
		return f.Version(), nil
	}
	return files.VersionAfter(newest)
}
