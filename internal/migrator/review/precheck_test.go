package review_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/pgtest"
)

// prechecks are statements on products, and rows that make them fail.
var prechecks = map[string]struct{ sql, row string }{
	"a NULL":             {"ALTER TABLE products ALTER COLUMN note SET NOT NULL", "(1, 'a', NULL)"},
	"duplicates":         {"CREATE UNIQUE INDEX i ON products (note)", "(1, 'a', 'x'), (2, 'b', 'x')"},
	"partial duplicates": {"CREATE UNIQUE INDEX i ON products (lower(note)) WHERE id > 1", "(2, 'a', 'x'), (3, 'b', 'X')"},
	"a violated check":   {"ALTER TABLE products ADD CHECK (note <> 'x')", "(1, 'a', 'x')"},
	"VALIDATE":           {"ALTER TABLE products ADD CONSTRAINT c CHECK (note <> 'x') NOT VALID;\nALTER TABLE products VALIDATE CONSTRAINT c", "(1, 'a', 'x')"},
	"an orphan":          {"ALTER TABLE products ADD FOREIGN KEY (id) REFERENCES parts (id)", "(1, 'a', 'x')"},
	"a longer text":      {"ALTER TABLE products ALTER COLUMN name TYPE varchar(3)", "(1, 'abcd', 'x')"},
	"a larger number":    {"ALTER TABLE products ALTER COLUMN id TYPE int", "(3000000000, 'a', 'x')"},
	"no label":           {"ALTER TABLE products ALTER COLUMN note TYPE mood USING note::mood", "(1, 'a', 'x')"},
	"any row":            {"ALTER TABLE products ADD COLUMN c int NOT NULL", "(1, 'a', 'x')"},
	"a domain":           {"ALTER DOMAIN short ADD CHECK (length(VALUE) < 3)", "(1, 'a', 'x', 'long')"},
	"a domain's NULL":    {"ALTER DOMAIN short SET NOT NULL", "(1, 'a', 'x', NULL)"},
	"excluded by btree":  {"ALTER TABLE products ADD EXCLUDE USING btree (note text_pattern_ops WITH =) WHERE (id > 1)", "(1, 'a', 'x'), (2, 'b', 'x'), (3, 'c', 'x')"},
	"excluded by gist": {
		"ALTER TABLE products ADD EXCLUDE USING gist (int8range(id, id + 2) WITH &&, point(length(coalesce(note, 'more than sixty-three characters')), length(coalesce(note, 'more'))) WITH OPERATOR(pg_catalog.~=)) WITH (fillfactor = 90) WHERE (name <> 'c, (d) WITH =') DEFERRABLE",
		"(1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', NULL), (4, 'd', 'long')",
	},
	"a nullable key": {"ALTER TABLE products DROP CONSTRAINT products_pkey, ADD PRIMARY KEY (id, note)", "(1, 'a', NULL)"},
}

// TestPrecheckFindsTheRows tells before and after a row is there which statement fails,
// and PostgreSQL agrees. Each case has a table and a domain of its own.
func TestPrecheckFindsTheRows(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	names := slices.Sorted(maps.Keys(prechecks))
	own := func(i int, sql string) string {
		n := strconv.Itoa(i)
		return strings.NewReplacer("products", "products"+n, "short", "short"+n, "INDEX i ", "INDEX i"+n+" ").Replace(sql)
	}
	setup := "CREATE TABLE parts (id bigint PRIMARY KEY);\nCREATE TYPE mood AS ENUM ('glad', 'sad');\n"
	for i := range names {
		setup += own(i, "CREATE DOMAIN short AS text;\n"+products+"ALTER TABLE products ADD COLUMN code short;\n")
	}
	p.add("20260102000000_parts.sql", setup)
	file := func(i int) string { return fmt.Sprintf("202602010000%02d_a.sql", i) }
	for i, name := range names {
		p.add(file(i), own(i, prechecks[name].sql)+";\n")
	}
	o := p.options()
	o.Selection = review.Selection{Last: len(names)}
	checks := run(t, o).Prechecks()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	exec := func(query string) error {
		_, err := db.ExecContext(t.Context(), query)
		return err
	}
	if err := exec(setup); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		about := slices.DeleteFunc(slices.Clone(checks), func(f hazard.Finding) bool { return f.File != file(i) })
		if failing, err := review.Precheck(t.Context(), db, about); err != nil || len(failing) > 0 || len(about) == 0 {
			t.Fatalf("%s: without rows %d of %d queries find one (%v), want none", name, len(failing), len(about), err)
		}
		if err := exec(own(i, "INSERT INTO products VALUES "+prechecks[name].row)); err != nil {
			t.Fatal(err)
		}
		if failing, err := review.Precheck(t.Context(), db, about); err != nil || len(failing) == 0 {
			t.Errorf("%s: no query of %+v finds the row (%v)", name, about, err)
		}
		if err := exec(own(i, prechecks[name].sql)); err == nil {
			t.Errorf("%s: the statement doesn't fail", name)
		}
	}
}

func TestPrecheckPassesOverWhatEarlierFilesAdd(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add("20260201000000_a.sql", "ALTER TABLE products ADD COLUMN c int;\nCREATE TABLE fresh (n int PRIMARY KEY, m int);\n")
	p.add("20260202000000_b.sql", "ALTER TABLE products ALTER COLUMN c SET NOT NULL;\nALTER TABLE fresh ALTER COLUMN m SET NOT NULL;\n")
	checks := p.review().Prechecks()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	if _, err := db.ExecContext(t.Context(), products+"INSERT INTO products VALUES (1, 'a', NULL)"); err != nil {
		t.Fatal(err)
	}
	failing, err := review.Precheck(t.Context(), db, checks)
	if err != nil || len(failing) > 0 {
		t.Errorf("failing = %+v, %v, want none", failing, err)
	}
	var script strings.Builder
	if err := review.WritePrechecks(&script, checks); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(script.String(), `"c" IS NULL`) || strings.Contains(script.String(), "fresh") || slices.Contains(strings.Fields(script.String()), "UPDATE") {
		t.Errorf("script = %s, want the query about c alone", script.String())
	}
}

func TestPrecheckIsRefusedWhereRowsAreHidden(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	superuser := pgtest.Open(t, url)
	pgtest.Exec(t, superuser, products+"INSERT INTO products VALUES (1, 'a', NULL); ALTER TABLE products ENABLE ROW LEVEL SECURITY; GRANT SELECT ON products TO pg_monitor")
	checks := []hazard.Finding{{File: "1_a.sql", Line: 1, Precheck: "SELECT FROM products WHERE note IS NULL"}}
	if failing, err := review.Precheck(t.Context(), superuser, checks); err != nil || len(failing) != 1 {
		t.Errorf("failing for a superuser = %+v, %v, want one", failing, err)
	}
	reader := pgtest.Open(t, pgtest.WithParams(t, url, map[string]string{"role": "pg_monitor"}))
	if failing, err := review.Precheck(t.Context(), reader, checks); err == nil {
		t.Errorf("failing for a role that sees no rows = %+v, want an error", failing)
	}
}
