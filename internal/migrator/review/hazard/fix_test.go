package hazard_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/rows"
	"commitment/internal/migrator/review/trace"
)

// checkFixes does what each fix writes, in a database like the one of the statements, and
// then in one with rows.
func checkFixes(t *testing.T, s server, setup string, file migrate.File, stmts []trace.Statement, found []hazard.Finding) {
	t.Helper()
	last := stmts[len(stmts)-1]
	source := func(context.Context) (*sql.DB, func() error, error) {
		return s.filled(t, setup, stmts[0].Before).DB, func() error { return nil }, nil
	}
	var tried [][]plan.Step
	for _, f := range found {
		if len(f.Fix) == 0 || slices.ContainsFunc(tried, func(fix []plan.Step) bool { return cmp.Equal(fix, f.Fix) }) {
			continue
		}
		tried = append(tried, f.Fix)
		fixed := s.database(t, setup)
		files := fixedFiles(t, stmts, f)
		again := findAll(t, run(t, fixed, files))
		for _, a := range again {
			if a.Severity != hazard.Note && !expected(a, f, found) {
				t.Errorf("%s, fixed, has %s (%s), want it gone:\n%s", f.Code, a.Code, a.Title, texts(files))
			}
		}
		differs, err := rows.Prove(t.Context(), source, stmts[0].Before, nil, []migrate.File{file}, files)
		if err != nil {
			t.Fatal(err)
		}
		if differs != "" {
			t.Errorf("%s, fixed, does something else on rows: %s\n%s", f.Code, differs, texts(files))
		}
		if last.Err != nil {
			continue // there is no schema to compare with
		}
		if diff := cmp.Diff([]catalog.Change(nil), difference(f, last.After, schema(t, fixed))); diff != "" {
			t.Errorf("%s, fixed, makes another schema (-want +got):\n%s%s", f.Code, diff, texts(files))
		}
	}
}

// difference is what a fix makes otherwise. DETACH CONCURRENTLY leaves the partition a
// CHECK with its bounds.
func difference(f hazard.Finding, want, got catalog.Schema) []catalog.Change {
	all := catalog.Compare(want, got)
	if f.Code == "CM166" && len(all) == 1 && all[0].Kind == catalog.KindConstraint && strings.HasPrefix(all[0].After, "CHECK ") {
		return nil
	}
	return all
}

// fixedFiles are the statements with a fix in the place of the one that it is for.
func fixedFiles(t *testing.T, stmts []trace.Statement, f hazard.Finding) []migrate.File {
	t.Helper()
	var steps []plan.Step
	for _, s := range stmts {
		if s.Line == f.Line {
			steps = append(steps, f.Fix...)
			continue
		}
		steps = append(steps, plan.Step{SQL: strings.TrimSuffix(s.SQL, ";"), Alone: !s.Transaction})
	}
	files, err := plan.Files("20260101000000", "fixed", steps)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func findAll(t *testing.T, files [][]trace.Statement) []hazard.Finding {
	t.Helper()
	var all []hazard.Finding
	for _, stmts := range files {
		for _, s := range stmts {
			if s.Err != nil {
				t.Errorf("a fixed statement fails: %v", s.Err)
			}
		}
		all = append(all, hazard.Find(stmts)...)
	}
	return all
}

// expected reports whether a finding may be there after a fix: what the file had
// beside the fixed one has, and the foreign keys that are dropped one by one.
func expected(a, fixed hazard.Finding, before []hazard.Finding) bool {
	return fixed.Code == "CM161" && a.Code == "CD101" || slices.ContainsFunc(before, func(b hazard.Finding) bool {
		return b.Code == a.Code && b.Table == a.Table && (b.Line != fixed.Line || !cmp.Equal(b.Fix, fixed.Fix))
	})
}

func texts(files []migrate.File) string {
	var b strings.Builder
	for _, f := range files {
		b.WriteString("-- " + f.Name() + "\n" + string(f.Bytes()))
	}
	return b.String()
}
