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

// Fix rewrites the reviewed files into the safe forms of their findings, except those
// that a directive accepts, and returns the names of the files that it wrote: none if
// there is nothing to fix. A file is split if the safe form needs several; the files
// after it get later versions if necessary. Then atlas.sum is updated. Fix doesn't
// rewrite a file that fails, unless a fix lets it run, that begins or ends transactions
// itself, or that has a delimiter other than a semicolon.
//
// It is an error, and nothing is written, if a file has changed since the review, or if
// one of the base's was changed, which new sums would hide.
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

// fixedFiles is how fixing changes a directory.
type fixedFiles struct {
	written []migrate.File // new ones, and others with another content
	removed []string       // by those that take their place
}

func fixes(r Report, dir *migrate.LocalDir) (fixedFiles, error) {
	for _, f := range r.Findings {
		if f.Code == codeEdited || f.Code == codeRemoved || f.Code == codeRenamed {
			return fixedFiles{}, fmt.Errorf("%s: new sums would hide that", f.Title)
		}
	}
	now, err := dir.Files()
	if err != nil {
		return fixedFiles{}, fmt.Errorf("read migrations: %w", err)
	}
	var c fixedFiles
	newest := ""
	for _, reviewed := range r.Files {
		i := slices.IndexFunc(now, func(f migrate.File) bool { return f.Name() == reviewed.Name })
		if i < 0 {
			return fixedFiles{}, fmt.Errorf("%s was removed since the review", reviewed.Name)
		}
		became, err := reviewed.fixed(now[i], newest)
		if err != nil {
			return fixedFiles{}, err
		}
		newest = became[len(became)-1].Version()
		c.replace(now[i], became)
	}
	if err := c.checkVersions(now); err != nil {
		return fixedFiles{}, err
	}
	return c, nil
}

func (c *fixedFiles) replace(f migrate.File, became []migrate.File) {
	if len(became) == 1 && became[0] == f {
		return
	}
	c.written = append(c.written, became...)
	if !slices.Contains(names(became), f.Name()) {
		c.removed = append(c.removed, f.Name())
	}
}

// checkVersions refuses a change after which two files would have the same version.
func (c *fixedFiles) checkVersions(now []migrate.File) error {
	all := slices.Clone(c.written)
	for _, f := range now {
		if !slices.Contains(c.removed, f.Name()) && !slices.Contains(names(c.written), f.Name()) {
			all = append(all, f)
		}
	}
	if twice := files.Duplicates(all); len(twice) > 0 && len(c.written) > 0 {
		return fmt.Errorf("%s would have the same version: run migrate rebase first", strings.Join(twice[0], " and "))
	}
	return nil
}

// fixed returns the files that replace f, or f itself if nothing does. All of them have
// versions after newest.
func (r File) fixed(f migrate.File, newest string) ([]migrate.File, error) {
	steps := r.fixSteps()
	if len(steps) == 0 || !r.rewritable(f) {
		return later(f, newest)
	}
	stmts, err := migration.Statements(f)
	if err != nil {
		return nil, err
	}
	if !r.matches(f, stmts) {
		return nil, fmt.Errorf("%s has changed since the review", f.Name())
	}
	version, err := versionOf(f, newest)
	if err != nil {
		return nil, err
	}
	return rewrite(f, version, stmts, steps)
}

// fixSteps are the fixes by statement. If several findings have one, the first is taken
// that does more than move the statement; the next review shows whether another is
// still needed.
func (r File) fixSteps() map[int][]plan.Step {
	steps := map[int][]plan.Step{}
	for _, f := range r.Findings {
		if len(f.Fix) == 0 || f.Suppressed != "" {
			continue
		}
		if taken := steps[f.Statement]; taken == nil || onlyMoves(taken) && !onlyMoves(f.Fix) {
			steps[f.Statement] = f.Fix
		}
	}
	return steps
}

// onlyMoves reports whether a fix only moves the statement to another file.
func onlyMoves(fix []plan.Step) bool { return len(fix) == 1 && fix[0].Apart && !fix[0].Alone }

// rewritable reports whether the statements of f can be moved to other files.
func (r File) rewritable(f migrate.File) bool {
	controls := slices.ContainsFunc(r.Findings, func(found hazard.Finding) bool { return found.Code == "CM202" })
	return !controls && !otherDelimiter(f) && (r.complete() || r.failsInTransaction())
}

// failsInTransaction reports whether the file failed on a statement that can run
// outside of its transaction.
func (r File) failsInTransaction() bool {
	n := len(r.Statements)
	return n > 0 && r.Statements[n-1].Transaction && r.fixSteps()[n] != nil
}

// matches reports whether the statements are those that were reviewed: all of them, or
// those up to the one that failed.
func (r File) matches(f migrate.File, stmts []*migrate.Stmt) bool {
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

// versionOf is the version of f, or the one after newest if f isn't newer.
func versionOf(f migrate.File, newest string) (string, error) {
	if f.Version() > newest {
		return f.Version(), nil
	}
	return files.VersionAfter(newest)
}
