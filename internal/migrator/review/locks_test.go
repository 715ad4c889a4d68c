package review_test

import (
	"slices"
	"testing"

	"commitment/internal/migrator/review/hazard"
)

// reachTests are files whose last statement fails, or not, because of rows in a table
// that it doesn't lock as long as tables are empty.
var reachTests = map[string]struct {
	files []string
	fails bool
}{
	"a row that is referenced": {fails: true, files: []string{
		"CREATE TABLE parts (product_id bigint REFERENCES products);",
		"DELETE FROM products;",
	}},
	"a row that is referenced by a deferred foreign key": {fails: true, files: []string{
		"CREATE TABLE parts (product_id bigint REFERENCES products DEFERRABLE INITIALLY DEFERRED);",
		"DELETE FROM products;",
	}},
	"a row at the end of a cascade": {fails: true, files: []string{
		`CREATE TABLE parts (id int PRIMARY KEY, product_id bigint REFERENCES products ON DELETE CASCADE);
		CREATE TABLE bolts (part_id int REFERENCES parts);`,
		"DELETE FROM products;",
	}},
	"rows that were made before those that they reference": {fails: true, files: []string{
		`CREATE TABLE makers (id int PRIMARY KEY); CREATE TABLE parts (id int PRIMARY KEY, maker_id int REFERENCES makers ON DELETE CASCADE);
		CREATE TABLE bolts (id int, part_id int REFERENCES parts);`,
		"ALTER TABLE bolts ADD COLUMN size int;",
		"DELETE FROM makers;",
	}},
	"a trigger": {fails: true, files: []string{
		`CREATE TABLE locked (id int);
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT FROM locked) THEN RAISE 'locked'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER refuse BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION refuse();`,
		"UPDATE products SET note = 'x';",
	}},
	"a deferred trigger": {fails: true, files: []string{
		`CREATE TABLE locked (id int);
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT FROM locked) THEN RAISE 'locked'; END IF; RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON products DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();`,
		"UPDATE products SET note = 'x';",
	}},
	"a trigger that handles exceptions": {fails: true, files: []string{
		`CREATE TABLE locked (id int);
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN
			BEGIN SELECT id INTO STRICT n FROM locked; EXCEPTION WHEN no_data_found THEN RETURN NEW; WHEN too_many_rows THEN RAISE 'locked'; END;
			RETURN NEW; END $$;
		CREATE TRIGGER refuse BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION refuse();`,
		"UPDATE products SET note = 'x';",
	}},
	"a trigger that needs rows": {files: []string{
		`CREATE TABLE limits (id int);
		CREATE FUNCTION require() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT FROM limits) THEN RAISE 'no limits'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER require BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION require();`,
		"UPDATE products SET note = 'x';",
	}},
	"a block": {fails: true, files: []string{
		"CREATE TABLE locked (id int);",
		"DO $$ DECLARE p record; BEGIN FOR p IN SELECT * FROM products LOOP EXECUTE 'DO $x$ BEGIN IF EXISTS (SELECT FROM locked) THEN RAISE ''locked''; END IF; END $x$'; END LOOP; END $$;",
	}},
	"a view": {fails: true, files: []string{
		"CREATE TABLE locked (id int); CREATE VIEW divided AS SELECT 1 / (id - id) AS n FROM locked;",
		"UPDATE products SET note = (SELECT max(n) FROM divided);",
	}},
	"a domain": {fails: true, files: []string{
		"CREATE DOMAIN code AS text; CREATE TABLE codes (code code NOT NULL);",
		"ALTER DOMAIN code ADD CONSTRAINT long CHECK (length(VALUE) > 20) NOT VALID;",
		"ALTER DOMAIN code VALIDATE CONSTRAINT long;",
	}},
	"a file that fails where rows are missing": {files: []string{
		`CREATE TABLE limits (id int);
		CREATE FUNCTION highest() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT FROM products) AND NOT EXISTS (SELECT FROM limits) THEN RAISE 'no limits'; END IF; RETURN 1; END $$;`,
		"UPDATE products SET note = highest();",
	}},
}

func TestRunMakesRowsWhereAFileNeedsThem(t *testing.T) {
	t.Parallel()
	for name, tt := range reachTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			var last string
			for i, text := range tt.files {
				last = "2026020" + string(rune('1'+i)) + "000000_a.sql"
				p.add(last, text+"\n")
			}
			r := p.review()
			failed := slices.ContainsFunc(r.All(), func(f hazard.Finding) bool { return f.File == last && (f.Code == "CM412" || f.FailsOnRows()) })
			if failed != tt.fails {
				t.Errorf("fails on rows = %t, want %t: %q", failed, tt.fails, places(r.All(), hazard.Error, hazard.Warning))
			}
		})
	}
}
