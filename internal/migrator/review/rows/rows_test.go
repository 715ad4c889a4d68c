package rows_test

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/rows"
	"commitment/internal/pgtest"
	"commitment/internal/sqltoken"
)

func open(t *testing.T, setup string) *sql.DB {
	t.Helper()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	if _, err := db.ExecContext(t.Context(), setup); err != nil {
		t.Fatal(err)
	}
	return db
}

func schema(t *testing.T, db *sql.DB) catalog.Schema {
	t.Helper()
	s, err := catalog.Read(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fillTests are tables, and those that stay empty with the reason.
var fillTests = map[string]struct {
	setup string
	empty string
}{
	"all kinds of types": {setup: `CREATE TYPE mood AS ENUM ('glad', 'sad');
		CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial, u uuid NOT NULL UNIQUE, b boolean NOT NULL, t text NOT NULL, v varchar(2) NOT NULL,
			c char(1) NOT NULL, n numeric(4, 2) NOT NULL, f real NOT NULL, at timestamptz NOT NULL, d date NOT NULL, ti time NOT NULL, i interval NOT NULL,
			j jsonb NOT NULL, by bytea NOT NULL, x xml NOT NULL, ip inet NOT NULL, ci cidr NOT NULL, ma macaddr NOT NULL, bi bit(4) NOT NULL, po point NOT NULL,
			r int4range NOT NULL, tr tstzrange NOT NULL, arr text[] NOT NULL, m mood NOT NULL, g int GENERATED ALWAYS AS (1) STORED, mo money NOT NULL, ts tsvector NOT NULL)`},
	"no column":                    {setup: `CREATE TABLE a ()`},
	"a unique index on few values": {setup: `CREATE TABLE a (b boolean UNIQUE NOT NULL)`},
	"checks": {setup: `CREATE TABLE a (status text NOT NULL CHECK (status IN ('open', 'closed')), n int NOT NULL CHECK (n BETWEEN 500 AND 900), currency varchar(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
		code varchar(20) NOT NULL CHECK (length(code) = 7), low int NOT NULL, high int NOT NULL, CHECK (low < high), one int, other int, CHECK ((one IS NULL) <> (other IS NULL)),
		mail text CHECK (mail LIKE '%@%'), hash bytea NOT NULL CHECK (octet_length(hash) = 32))`},
	"domains": {setup: `CREATE DOMAIN small AS int CHECK (VALUE < 0); CREATE DOMAIN smaller AS small NOT NULL CHECK (VALUE < -5);
		CREATE TABLE a (n smaller, code text)`},
	"foreign keys": {setup: `CREATE TABLE c (id uuid PRIMARY KEY); CREATE TABLE b (x int, y text, c_id uuid NOT NULL UNIQUE REFERENCES c, PRIMARY KEY (x, y));
		CREATE TABLE a (id int PRIMARY KEY, x int NOT NULL, y text NOT NULL, FOREIGN KEY (x, y) REFERENCES b, up int REFERENCES a, self int NOT NULL REFERENCES a)`},
	"a circle that can be NULL": {setup: `CREATE TABLE a (id int PRIMARY KEY, b_id int); CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b`},
	"partitions": {setup: `CREATE TABLE a (day date NOT NULL, n int, PRIMARY KEY (day)) PARTITION BY RANGE (day);
		CREATE TABLE a1 PARTITION OF a FOR VALUES FROM ('2025-03-01') TO ('2025-04-01');
		CREATE TABLE b (day date NOT NULL REFERENCES a)`},
	"a trigger that refuses every row": {
		setup: `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not here'; END $$;
			CREATE TABLE a (id int PRIMARY KEY); CREATE TRIGGER no BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION no();
			CREATE TABLE b (a_id int NOT NULL REFERENCES a); CREATE TABLE c (a_id int REFERENCES a)`,
		empty: "a: not here (SQLSTATE P0001), b: the table that it references has no rows",
	},
	"a check that nothing meets": {
		setup: `CREATE TABLE a (n int NOT NULL CHECK (n < 5 AND n > 5))`,
		empty: `a: new row for relation "a" violates check constraint "a_n_check" (SQLSTATE 23514)`,
	},
	"a deferred trigger that refuses every row": {
		setup: `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'later'; END $$;
			CREATE TABLE a (id int PRIMARY KEY); CREATE CONSTRAINT TRIGGER no AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()`,
		empty: "a: later (SQLSTATE P0001)",
	},
	"a circle without end": {
		setup: `CREATE TABLE a (id int PRIMARY KEY, b_id int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b`,
		empty: "a: its foreign keys and those of the tables that it references form a circle, b: its foreign keys and those of the tables that it references form a circle",
	},
	"a partitioned table without a partition": {
		setup: `CREATE TABLE a (day date NOT NULL) PARTITION BY RANGE (day)`,
		empty: "a: it has no partition with rows",
	},
}

func TestFill(t *testing.T) {
	t.Parallel()
	for name, c := range fillTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, c.setup)
			missing, err := rows.Fill(t.Context(), db, schema(t, db), nil, false)
			if err != nil {
				t.Fatal(err)
			}
			var empty []string
			for _, m := range missing {
				empty = append(empty, m.Table+": "+m.Reason)
			}
			if got := strings.Join(empty, ", "); got != c.empty {
				t.Errorf("without rows = %q, want %q", got, c.empty)
			}
			contents, err := rows.Read(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			for table, held := range contents {
				if said := strings.Contains(", "+c.empty, ", "+table+": "); len(held) == 0 && !said {
					t.Errorf("%s has no rows, and nothing says so", table)
				}
			}
		})
	}
}

// TestFillOfSomeTables fills a chain of tables a to d, each of which can reference the one
// before, and e, which must reference d.
func TestFillOfSomeTables(t *testing.T) {
	t.Parallel()
	db := open(t, `CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, up int REFERENCES a);
		CREATE TABLE c (id int PRIMARY KEY, up int REFERENCES b); CREATE TABLE d (id int PRIMARY KEY, up int REFERENCES c);
		CREATE TABLE e (id int PRIMARY KEY, up int NOT NULL REFERENCES d); CREATE TABLE f (id int PRIMARY KEY, up int NOT NULL REFERENCES e)`)
	for _, step := range []struct {
		names []string
		want  string // how many rows, and how many of them reference another
	}{
		{[]string{}, ""},
		{[]string{"b"}, "a 3 0, b 3 3"},
		{[]string{"f"}, "a 3 0, b 3 3, d 3 0, e 3 3, f 3 3"},
		{[]string{"c"}, "a 3 0, b 3 3, c 3 3, d 6 3, e 6 6, f 6 6"},
		{nil, "a 3 0, b 3 3, c 3 3, d 6 3, e 6 6, f 6 6"},
	} {
		missing, err := rows.Fill(t.Context(), db, schema(t, db), step.names, false)
		if err != nil || len(missing) > 0 {
			t.Fatalf("Fill(%q) = %v, %v", step.names, missing, err)
		}
		contents, err := rows.Read(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range slices.Sorted(maps.Keys(contents)) {
			referring := 0
			for _, row := range contents[name] {
				if up := row["up"]; up != "" && up != "null" {
					referring++
				}
			}
			if n := len(contents[name]); n > 0 {
				got = append(got, fmt.Sprint(name, " ", n, " ", referring))
			}
		}
		if got := strings.Join(got, ", "); got != step.want {
			t.Errorf("rows after filling %q = %s, want %s", step.names, got, step.want)
		}
	}
}

func TestFillMakesSparseRowsUnlessFull(t *testing.T) {
	t.Parallel()
	for full, want := range map[bool]int{false: 1, true: 0} {
		db := open(t, "CREATE TABLE a (id int PRIMARY KEY, note text)")
		if _, err := rows.Fill(t.Context(), db, schema(t, db), nil, full); err != nil {
			t.Fatal(err)
		}
		var nulls int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM a WHERE note IS NULL").Scan(&nulls); err != nil {
			t.Fatal(err)
		}
		if nulls != want {
			t.Errorf("full = %t: rows without a note = %d, want %d", full, nulls, want)
		}
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	db := open(t, "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int REFERENCES a); CREATE TABLE c (n int); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1)")
	for _, step := range []struct {
		empty []string
		want  string
	}{{[]string{"a"}, "0 0 1"}, {nil, "0 0 0"}} {
		if err := rows.Empty(t.Context(), db, step.empty...); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := db.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM a) || ' ' || (SELECT count(*) FROM b) || ' ' || (SELECT count(*) FROM c)").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != step.want {
			t.Errorf("rows of a, b and c after emptying %s = %s, want %s", sqltoken.Quote(step.empty...), got, step.want)
		}
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	read := func(setup string) rows.Contents {
		contents, err := rows.Read(t.Context(), open(t, setup))
		if err != nil {
			t.Fatal(err)
		}
		return contents
	}
	const random = "CREATE TABLE a (n int, r uuid); INSERT INTO a VALUES (1, gen_random_uuid()), (2, gen_random_uuid())"
	want, again := read(random), read(random)
	for name, c := range map[string]struct{ setup, want string }{
		"other random values":       {random, ""},
		"another value":             {"CREATE TABLE a (n int, r uuid); INSERT INTO a VALUES (1, gen_random_uuid()), (3, gen_random_uuid())", `a has the row {"n": 3, "r": "…"}, want {"n": 2, "r": "…"}`},
		"NULL for a random value":   {"CREATE TABLE a (n int, r uuid); INSERT INTO a VALUES (1, gen_random_uuid()), (2, NULL)", `a has the row {"n": 2, "r": null}, want {"n": 2, "r": "…"}`},
		"a row less":                {"CREATE TABLE a (n int, r uuid); INSERT INTO a VALUES (1, gen_random_uuid())", `a lacks the row {"n": 2, "r": "…"}`},
		"a row more":                {random + "; INSERT INTO a VALUES (3, gen_random_uuid())", `a has the row {"n": 3, "r": "…"}, too`},
		"the rows in another order": {"CREATE TABLE a (n int, r uuid); INSERT INTO a VALUES (2, gen_random_uuid()), (1, gen_random_uuid())", ""},
	} {
		if diff := cmp.Diff(c.want, rows.Difference(want, again, read(c.setup))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
