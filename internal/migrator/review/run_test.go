package review_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/migrator/review/stats"
)

const (
	indexFile = "20260201000000_index.sql"
	index     = "CREATE INDEX products_name ON products (name);\n"
)

func TestRunReviewsWhatABranchAdds(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add(indexFile, "-- the index\n"+index)
	p.commit()
	p.add("20260202000000_column.sql", "ALTER TABLE products ADD COLUMN owner bigint;\nALTER TABLE products ALTER COLUMN owner SET DEFAULT 0;\n")
	r := p.review()

	if r.Dir != folder || r.Base != "main" || !strings.HasPrefix(r.Server, "PostgreSQL 1") || !r.StatsTaken.IsZero() {
		t.Errorf("report of %s against %s on %s, sized at %v", r.Dir, r.Base, r.Server, r.StatsTaken)
	}
	if len(r.Findings) != 0 {
		t.Errorf("findings of the directory = %+v, want none", r.Findings)
	}
	if len(r.Files) != 2 || len(r.Files[0].Statements) != 1 || len(r.Files[1].Statements) != 2 {
		t.Fatalf("files = %+v, want two with one and two statements", r.Files)
	}
	if got := codesAt(r, indexFile, 2); !slices.Contains(got, "PG101") {
		t.Errorf("findings for the index = %q, want PG101", got)
	}
	if got := errorsOf(r); slices.ContainsFunc(got, func(place string) bool { return strings.Contains(place, "_column.sql") }) {
		t.Errorf("errors = %q, want none for a nullable column", got)
	}
	if got := r.Files[0]; !got.Transaction || !got.Statements[0].Transaction || got.Revert.Grade != revert.Lossless || !got.Revert.Replayed {
		t.Errorf("the index is reviewed as %+v, want in a transaction and with a lossless way back", got)
	}
	if r.Files[1].Revert.Grade != revert.Lossy {
		t.Errorf("the way back from a new column is %s, want lossy", r.Files[1].Revert.Grade)
	}
	want := []catalog.Change{
		{Kind: catalog.KindColumn, Table: "products", Name: "owner"},
		{Kind: catalog.KindIndex, Table: "products", Name: "products_name"},
	}
	got := slices.Clone(r.Changes)
	for i := range got {
		if got[i].Before != "" || got[i].After == "" {
			t.Errorf("change = %+v, want something new", got[i])
		}
		got[i].After = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if len(r.Before.Tables) != 1 || len(r.After.Tables[0].Columns) != 4 {
		t.Errorf("schemas: %+v, then %+v", r.Before, r.After)
	}
}

func TestRunSelects(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add(indexFile, index)
	p.add("20260202000000_b.sql", "CREATE TABLE b ();\n")
	for name, test := range map[string]struct {
		selection review.Selection
		base      string
		files     []string
	}{
		"by a branch":            {review.Selection{Base: "main"}, "main", []string{indexFile, "20260202000000_b.sql"}},
		"the last file":          {review.Selection{Last: 1}, "the last file", []string{"20260202000000_b.sql"}},
		"the last files":         {review.Selection{Last: 2}, "the last 2 files", []string{indexFile, "20260202000000_b.sql"}},
		"no more than there are": {review.Selection{Last: 9}, "the last 3 files", []string{productsFile, indexFile, "20260202000000_b.sql"}},
		"all":                    {review.Selection{All: true}, "all files", []string{productsFile, indexFile, "20260202000000_b.sql"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := p.options()
			o.Selection = test.selection
			r := run(t, o)
			var files []string
			for _, f := range r.Files {
				files = append(files, f.Name)
				if len(f.Statements) != 1 {
					t.Errorf("%s has %d statements, want it run", f.Name, len(f.Statements))
				}
			}
			if r.Base != test.base || !slices.Equal(files, test.files) {
				t.Errorf("%s: %q, want %s: %q", r.Base, files, test.base, test.files)
			}
		})
	}
	for _, s := range []review.Selection{{}, {Base: "main", All: true}, {Last: -1}, {Last: 1, All: true}} {
		o := p.options()
		o.Selection = s
		if _, err := review.Run(t.Context(), o); !errors.Is(err, review.ErrSelection) {
			t.Errorf("%+v: %v, want ErrSelection", s, err)
		}
	}
	o := p.options()
	o.Selection = review.Selection{Base: "release"}
	_, err := review.Run(t.Context(), o)
	wantError(t, err, `git knows neither "release"`)
}

func TestRunFindsDisorder(t *testing.T) {
	t.Parallel()
	const table = "CREATE TABLE b ();\n"
	for name, test := range map[string]struct {
		change func(p *project)
		want   []string
	}{
		"nothing new": {func(*project) {}, nil},
		"a file behind one that landed meanwhile": {func(p *project) {
			p.add("20260201000000_b.sql", table)
			p.onMain(func() { p.add("20260202000000_c.sql", "CREATE TABLE c ();\n") })
		}, []string{"error CM401 20260201000000_b.sql:0"}},
		"a version that main has": {func(p *project) {
			p.add("20260101000000_b.sql", table)
		}, []string{"error CM402 20260101000000_b.sql:0"}},
		"a version twice": {func(p *project) {
			p.add("20260201000000_b.sql", table)
			p.add("20260201000000_c.sql", "CREATE TABLE c ();\n")
		}, []string{"error CM402 20260201000000_c.sql:0"}},
		"an edited file": {func(p *project) {
			p.add(productsFile, products+table)
		}, []string{"error CM403 20260101000000_products.sql:0"}},
		"a removed file": {func(p *project) {
			p.remove(productsFile)
			p.add("20260201000000_b.sql", table)
		}, []string{"error CM404 :0"}},
		"a renamed file": {func(p *project) {
			p.remove(productsFile)
			p.add("20260201000000_products.sql", products)
		}, []string{"error CM405 :0"}},
		"a file that isn't hashed": {func(p *project) {
			p.write(folder+"/20260201000000_b.sql", table)
		}, []string{"error CM406 20260201000000_b.sql:0"}},
		"a conflict in atlas.sum": {func(p *project) {
			p.write(folder+"/atlas.sum", "<<<<<<< HEAD\nh1:x\n=======\nh1:y\n>>>>>>> main\n")
		}, []string{"error CM406 :0"}},
		"no migrations at all": {func(p *project) {
			p.remove(productsFile)
			p.onMain(func() { p.remove(productsFile) })
		}, []string{"error CM407 :0"}},
		"a mark at the beginning": {func(p *project) {
			p.add("20260201000000_b.sql", "\xef\xbb\xbf-- a comment\n"+table)
		}, []string{"error CM409 20260201000000_b.sql:0", "error CM411 20260201000000_b.sql:1"}},
		"ends of lines that change": {func(p *project) {
			p.add("20260201000000_b.sql", "CREATE TABLE b ();\r\n")
		}, []string{"error CM410 20260201000000_b.sql:0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			test.change(p)
			r := p.review()
			if diff := cmp.Diff(test.want, errorsOf(r)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if r.Failed() != (len(test.want) > 0) {
				t.Errorf("failed = %t", r.Failed())
			}
		})
	}
}

func TestRunWarnsOfAFileWithoutStatements(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_b.sql", "-- later\n")
	if got := places(p.review().All(), hazard.Error, hazard.Warning); !slices.Equal(got, []string{"warning CM408 20260201000000_b.sql:0"}) {
		t.Errorf("findings = %q, want a warning", got)
	}
}

func TestRunStopsAtWhatFails(t *testing.T) {
	t.Parallel()

	t.Run("in a new file", func(t *testing.T) {
		t.Parallel()
		p := newProject(t)
		p.add("20260201000000_b.sql", "-- atlas:nolint reason=\"it will be fine\"\n\nCREATE TABLE b ();\n\nALTER TABLE missing ADD x int;\nCREATE TABLE c ();\n")
		p.add("20260202000000_c.sql", "CREATE TABLE d ();\n")
		r := p.review()
		if diff := cmp.Diff([]string{"error CM411 20260201000000_b.sql:5"}, errorsOf(r)); diff != "" {
			t.Errorf("errors (-want +got):\n%s", diff)
		}
		if f := r.Files[0].Findings[len(r.Files[0].Findings)-1]; !strings.Contains(f.Title, `relation "missing" does not exist (SQLSTATE 42P01)`) {
			t.Errorf("finding = %+v, want what PostgreSQL says", f)
		}
		if len(r.Files) != 2 || len(r.Files[0].Statements) != 2 || len(r.Files[1].Statements) != 0 {
			t.Errorf("files = %+v, want two statements of the first tried", r.Files)
		}
		if len(r.Changes) != 0 {
			t.Errorf("changes = %+v, want none from a file that was rolled back", r.Changes)
		}
	})

	t.Run("in a file that can't be read", func(t *testing.T) {
		t.Parallel()
		p := newProject(t)
		p.add("20260201000000_b.sql", "SELECT 'open;\n")
		if diff := cmp.Diff([]string{"error CM411 20260201000000_b.sql:0"}, errorsOf(p.review())); diff != "" {
			t.Errorf("errors (-want +got):\n%s", diff)
		}
	})

	t.Run("at a statement that would wait for ever", func(t *testing.T) {
		t.Parallel()
		p := newProject(t)
		p.add("20260201000000_b.sql", "CREATE TABLE b (n int);\nCOPY b FROM STDIN;\n")
		if diff := cmp.Diff([]string{"error CM411 20260201000000_b.sql:2"}, errorsOf(p.review())); diff != "" {
			t.Errorf("errors (-want +got):\n%s", diff)
		}
	})

	t.Run("in a file of the base", func(t *testing.T) {
		t.Parallel()
		p := newProject(t)
		p.onMain(func() { p.add("20260102000000_broken.sql", "CREATE TABLE products ();\n") })
		p.add("20260201000000_b.sql", "CREATE TABLE b ();\n")
		r := p.review()
		if diff := cmp.Diff([]string{"error CM411 20260102000000_broken.sql:1"}, errorsOf(r)); diff != "" {
			t.Errorf("errors (-want +got):\n%s", diff)
		}
		if len(r.Files) != 1 || len(r.Files[0].Statements) != 0 {
			t.Errorf("files = %+v, want one that wasn't tried", r.Files)
		}
	})
}

func TestRunSizesFindings(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add(indexFile, index)
	severity := func(rows, bytes int64) (hazard.Severity, string) {
		o := p.options()
		o.Stats = &stats.Snapshot{Taken: today, Tables: []stats.Table{{Name: "products", Rows: rows, Bytes: bytes}}}
		r := run(t, o)
		if !r.StatsTaken.Equal(today) {
			t.Errorf("statistics taken %v, want %v", r.StatsTaken, today)
		}
		for _, f := range r.All() {
			if f.Code == "PG101" {
				return f.Severity, f.Estimate
			}
		}
		t.Fatalf("there is no PG101 in %+v", r.All())
		return "", ""
	}
	large, estimate := severity(100_000_000, 20<<30)
	if estimate != "about 8 min, 21 GB" {
		t.Errorf("estimate = %q, want minutes", estimate)
	}
	if small, _ := severity(100, 8192); small == large {
		t.Errorf("severity = %s for a small and a large table, want less for the small one", small)
	}
}

func TestRunLetsDirectivesAccept(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_drop.sql", "-- atlas:nolint DS103 reason=\"nobody reads it\" until=2026-11-30\nALTER TABLE products DROP COLUMN note;\n")
	r := p.review()
	for _, f := range r.All() {
		if f.Code == "DS103" && f.Suppressed != "nobody reads it" {
			t.Errorf("finding = %+v, want it suppressed", f)
		}
	}
	if !slices.Contains(codesAt(r, "20260201000000_drop.sql", 2), "DS103") || r.Failed() {
		t.Errorf("findings = %+v, want DS103 and no failure", r.All())
	}
	o := p.options()
	o.Now = today.AddDate(0, 1, 0)
	r = run(t, o)
	if got := errorsOf(r); !r.Failed() || !slices.Contains(got, "error CM423 20260201000000_drop.sql:1") || !slices.Contains(got, "error DS103 20260201000000_drop.sql:2") {
		t.Errorf("errors after the day = %q, want DS103 and CM423", got)
	}
}

func TestRunFindsNothingWrongWithTheOrderOfTheProject(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	dir, err := files.Open(filepath.Join(root, "ent", "migrate", "migrations"), files.Atlas)
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, review.Options{Dir: dir, Root: root, Dev: migratortest.Server(t), Selection: review.Selection{All: true}})
	files, err := dir.Files()
	if err != nil {
		t.Fatal(err)
	}
	if r.Dir != "ent/migrate/migrations" || len(r.Files) != len(files) || len(files) == 0 {
		t.Errorf("%s has %d files, want the project's migrations", r.Dir, len(r.Files))
	}
	for _, place := range errorsOf(r) {
		if strings.HasPrefix(place, "error CM4") {
			t.Error(place)
		}
	}
	for _, f := range r.Files {
		if len(f.Statements) == 0 || f.Revert.Grade == "" {
			t.Errorf("%s wasn't run, or has no way back", f.Name)
		}
	}
}

func TestFixLeavesNothingOfWhatItFixed(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_all.sql", `-- Names are looked up.
CREATE INDEX products_name ON products (name);
-- Every product has an owner.
ALTER TABLE products ADD COLUMN owner bigint;
ALTER TABLE products ADD CONSTRAINT products_id CHECK (id > 0);
ALTER TABLE products ALTER COLUMN note SET NOT NULL;
`)
	p.add("20260202000000_b.sql", "CREATE TABLE b (id bigint);\n")
	before := p.review()
	fixable := map[string]bool{}
	for _, f := range before.All() {
		if len(f.Fix) > 0 {
			fixable[f.Code] = true
		}
	}
	for _, code := range []string{"PG101", "PG303", "PG305"} {
		if !fixable[code] {
			t.Errorf("%s has no fix; fixable = %v", code, fixable)
		}
	}
	patch, err := review.Patch(t.Context(), before, p.dir)
	if err != nil || !strings.HasPrefix(patch, "diff --git a/"+folder+"/20260201000000_all") {
		t.Errorf("patch = %s, %v", patch, err)
	}
	written, err := review.Fix(before, p.dir)
	if err != nil || len(written) < 4 {
		t.Fatalf("written = %q, %v, want the parts of the file", written, err)
	}
	after := p.review()
	for _, f := range after.All() {
		if fixable[f.Code] && f.Severity != hazard.Note || f.Severity == hazard.Error && len(f.Fix) > 0 {
			t.Errorf("after the fix: %+v", f)
		}
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".OID" || p.Last().String() == ".Position" }, cmp.Ignore())
	if diff := cmp.Diff(before.After, after.After, ignore); diff != "" {
		t.Errorf("schema (-before +after the fix):\n%s", diff)
	}
	if again, err := review.Fix(after, p.dir); err != nil || len(again) != 0 {
		t.Errorf("a second fix writes %q, %v, want nothing", again, err)
	}
}
