package review_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// applied is what a query finds after the project's files, a row of products between the
// first and the others.
func applied(t *testing.T, p *project, query string) string {
	t.Helper()
	db, err := migratortest.Server(t).Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Drop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	all, err := p.dir.Files()
	if err != nil {
		t.Fatal(err)
	}
	replay(t, db.DB, all[:1])
	if _, err := db.ExecContext(t.Context(), "INSERT INTO products VALUES (7, 'a', NULL)"); err != nil {
		t.Fatal(err)
	}
	replay(t, db.DB, all[1:])
	var got string
	if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func replay(t *testing.T, db *sql.DB, all []migrate.File) {
	t.Helper()
	if err := migration.Replay(t.Context(), db, all); err != nil {
		t.Fatal(err)
	}
}

func fixProject(t *testing.T, p *project, r review.Report) []string {
	t.Helper()
	names, err := review.Fix(r, p.dir)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestFixKeepsWhatRowsHold(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_rank.sql", "ALTER TABLE products ADD COLUMN r double precision NOT NULL DEFAULT random();\nUPDATE products SET r = id;\n")
	if names := fixProject(t, p, p.review()); len(names) < 4 {
		t.Fatalf("Fix wrote %q, want a file for each step", names)
	}
	if got := applied(t, p, "SELECT r::text FROM products"); got != "7" {
		t.Errorf("r = %s, want 7", got)
	}
	if got := errorsOf(p.review()); len(got) != 0 {
		t.Errorf("errors of what was fixed = %q, want none", got)
	}
}

func TestFixIsWithdrawnWhereATriggerMakesADifference(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	const changes = "ALTER TABLE products ADD COLUMN changes int NOT NULL DEFAULT 0;\n" +
		"CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changes = OLD.changes + 1; RETURN NEW; END $$;\n" +
		"CREATE TRIGGER count_change BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION count_change();\n"
	p.onMain(func() { p.add("20260102000000_changes.sql", changes) })
	p.add("20260102000000_changes.sql", changes)
	const file = "20260201000000_rank.sql"
	p.add(file, "ALTER TABLE products ADD COLUMN r double precision NOT NULL DEFAULT random();\nCREATE INDEX products_name ON products (name);\n")
	r := p.review()
	if got := codesAt(r, file, 1); !slices.Contains(got, "CM413") || !slices.Contains(got, "PG302") {
		t.Errorf("findings = %q, want PG302 and CM413", got)
	}
	for _, f := range r.Files[len(r.Files)-1].Findings {
		if fixable := len(f.Fix) > 0; fixable != (f.Line == 2) {
			t.Errorf("%s in line %d has a fix: %t, want one in line 2 alone", f.Code, f.Line, fixable)
		}
	}
}

func TestRunSplitsAfterEveryPendingCheck(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_parts.sql", "CREATE TABLE parts (id bigint PRIMARY KEY, product_id bigint REFERENCES products DEFERRABLE INITIALLY DEFERRED);\n")
	const file = "20260202000000_b.sql"
	p.add(file, "UPDATE parts SET product_id = 3 WHERE id = 1;\nALTER TABLE parts ADD COLUMN a int;\nUPDATE parts SET product_id = 2 WHERE id = 1;\nALTER TABLE parts ADD COLUMN b int;\n")
	r := p.review()
	for _, line := range []int{2, 4} {
		if got := codesAt(r, file, line); !slices.Contains(got, "CM183") {
			t.Errorf("findings in line %d = %q, want CM183", line, got)
		}
	}
	fixProject(t, p, r)
	if got := errorsOf(p.review()); len(got) != 0 {
		t.Errorf("errors of what was fixed = %q, want none", got)
	}
}

func TestRunGoesOnAfterAFailureOnRows(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_a.sql", "DO $$ BEGIN IF EXISTS (SELECT FROM products) THEN RAISE 'there are products'; END IF; END $$;\n")
	p.add("20260202000000_b.sql", "ALTER TABLE products ADD CHECK (id > 1000) NOT VALID;\nUPDATE products SET note = 'x' WHERE id = 1;\n")
	p.add(indexFile, index)
	r := p.review()
	var got []string
	for _, f := range r.Files {
		got = append(got, places(f.Findings, hazard.Error, hazard.Warning)...)
	}
	for _, want := range []string{"error CM412 20260201000000_a.sql:1", "warning CM412 20260202000000_b.sql:2", "warning PG101 " + indexFile + ":1"} {
		if !slices.Contains(got, want) {
			t.Errorf("findings = %q, want %s", got, want)
		}
	}
}

func TestRunSaysNothingOfKeysThatTheSampleHas(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_a.sql", "INSERT INTO products VALUES (1, 'a'), (2, 'b'), (3, 'c');\n")
	if got := places(p.review().All(), hazard.Error, hazard.Warning); len(got) != 0 {
		t.Errorf("findings = %q, want none", got)
	}
}

func TestRunSaysWhereNoRowsCouldBeMade(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_a.sql", "CREATE TABLE never (n int CONSTRAINT impossible CHECK (n < 1 AND n > 1), m int NOT NULL, CHECK (n IS NOT NULL));\n")
	p.add("20260202000000_b.sql", "ALTER TABLE never ADD COLUMN k int;\n")
	r := p.review()
	found := r.Files[1].Findings
	i := slices.IndexFunc(found, func(f hazard.Finding) bool { return f.Code == "CM414" })
	if i < 0 || !strings.Contains(found[i].Title, "no row could be made for never") {
		t.Errorf("findings = %+v, want CM414", found)
	}
}

// TestRunRunsBlocksThatCommit runs what can't share a transaction, which isn't a failure.
func TestRunRunsBlocksThatCommit(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	blocks := []string{
		"UPDATE products SET note = ''; COMMIT;",
		"LOOP UPDATE products SET note = '' WHERE note IS NULL; EXIT WHEN NOT FOUND; COMMIT; END LOOP;",
		"BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END; COMMIT;",
		"COMMIT; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; UPDATE products SET note = ''; COMMIT;",
	}
	for i, body := range blocks {
		p.add(fmt.Sprintf("2026020100000%d_a.sql", i), "-- atlas:txmode none\n\nDO $$ BEGIN "+body+" END $$;\n")
	}
	r := p.review()
	if got := places(r.All(), hazard.Error); len(got) > 0 {
		t.Errorf("errors = %q, want none", got)
	}
	if last := r.Files[len(blocks)-1]; len(last.Statements) != 1 {
		t.Error("the last file wasn't run")
	}
}
