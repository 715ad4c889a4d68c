package trace_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/trace"
	"commitment/internal/pgtest"
)

// base is what the traced files find.
const base = `
CREATE TABLE parents (id bigint PRIMARY KEY, name text);
CREATE TABLE children (id bigint PRIMARY KEY, parent_id bigint, n int);
CREATE INDEX children_n ON children (n);
`

// run traces the files on a database with the base.
func run(t *testing.T, files ...string) [][]trace.Statement {
	t.Helper()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	if _, err := db.ExecContext(t.Context(), base); err != nil {
		t.Fatal(err)
	}
	var dir []migrate.File
	for i, text := range files {
		dir = append(dir, migrate.NewLocalFile(string(rune('1'+i))+"_a.sql", []byte(text)))
	}
	all := make([][]trace.Statement, len(dir))
	var tracer trace.Tracer
	for i, f := range dir {
		schema, err := catalog.Read(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if all[i], err = tracer.Run(t.Context(), db, schema, f); err != nil {
			t.Fatal(err)
		}
		if trace.Failure(all[i]) != nil {
			break
		}
	}
	return all
}

const none = "-- atlas:txmode none\n\n"

// Of what is held only what others can notice is kept, once for the statements that share
// it.
func TestRunSharesWhatIsHeld(t *testing.T) {
	t.Parallel()
	stmts := run(t, "CREATE TABLE a (id int PRIMARY KEY);\nLOCK TABLE parents;\nCREATE TABLE b (id int PRIMARY KEY);\nSELECT 1;\n")[0]
	if len(stmts[1].Held) > 0 {
		t.Errorf("held by LOCK TABLE = %+v, want nothing", stmts[1].Held)
	}
	if diff := cmp.Diff([]trace.Lock{{Relation: "parents", Mode: "ACCESS EXCLUSIVE"}}, stmts[2].Held); diff != "" {
		t.Fatalf("held by the next statement (-want +got):\n%s", diff)
	}
	if &stmts[2].Held[0] != &stmts[3].Held[0] {
		t.Error("the last two statements have each their own list, want one")
	}
}

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("sees what a statement locks, and what it runs under", func(t *testing.T) {
		t.Parallel()
		stmts := run(t, "ALTER TABLE parents ADD COLUMN a int;\n\n-- why\nCREATE INDEX children_p ON children (parent_id);\n")[0]
		altered := []trace.Lock{{Relation: "parents", Mode: "ACCESS EXCLUSIVE"}}
		if diff := cmp.Diff(altered, stmts[0].Locks); diff != "" {
			t.Errorf("locks of ALTER TABLE (-want +got):\n%s", diff)
		}
		built := []trace.Lock{
			{Relation: "children_p", Index: true, Mode: "ACCESS EXCLUSIVE", New: true},
			{Relation: "children", Mode: "SHARE"},
		}
		if diff := cmp.Diff(built, stmts[1].Locks); diff != "" {
			t.Errorf("locks of CREATE INDEX (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(altered, stmts[1].Held); diff != "" {
			t.Errorf("held by CREATE INDEX (-want +got):\n%s", diff)
		}
		if got := stmts[1]; got.Line != 4 || !got.Transaction || got.File != "1_a.sql" {
			t.Errorf("statement = %s:%d, in a transaction: %t, want 1_a.sql:4, true", got.File, got.Line, got.Transaction)
		}
		if diff := cmp.Diff([]string{"children"}, stmts[1].Scans); diff != "" {
			t.Errorf("scans of CREATE INDEX (-want +got):\n%s", diff)
		}
	})

	t.Run("sees what is rewritten, indexes included", func(t *testing.T) {
		t.Parallel()
		stmt := run(t, "ALTER TABLE children ALTER COLUMN n TYPE bigint;")[0][0]
		if diff := cmp.Diff([]string{"children", "children_n", "children_pkey"}, stmt.Rewrites); diff != "" {
			t.Errorf("rewrites (-want +got):\n%s", diff)
		}
		before, _ := stmt.Before.Table("children")
		after, _ := stmt.After.Table("children")
		if before.Columns[2].Type != "integer" || after.Columns[2].Type != "bigint" {
			t.Errorf("n = %s, then %s, want integer, then bigint", before.Columns[2].Type, after.Columns[2].Type)
		}
	})

	t.Run("says of a table that the transaction made that nobody waits for it", func(t *testing.T) {
		t.Parallel()
		stmts := run(t, "CREATE TABLE a (id int, parent_id bigint REFERENCES parents);\nCREATE INDEX a_id ON a (id);")[0]
		want := []trace.Lock{
			{Relation: "a", Mode: "ACCESS EXCLUSIVE", New: true},
			{Relation: "parents", Mode: "SHARE ROW EXCLUSIVE"},
		}
		if diff := cmp.Diff(want, stmts[0].Locks); diff != "" {
			t.Errorf("locks (-want +got):\n%s", diff)
		}
		if len(stmts[1].Scans) != 0 {
			t.Errorf("scans = %q, want none: nobody else has the table", stmts[1].Scans)
		}
	})

	t.Run("forgets the locks between two files, and between statements outside a transaction", func(t *testing.T) {
		t.Parallel()
		all := run(t,
			"ALTER TABLE parents ADD COLUMN a int;",
			none+"ALTER TABLE parents ADD COLUMN b int;\nSELECT 1;",
			"SELECT 1;")
		for _, stmt := range []trace.Statement{all[1][0], all[1][1], all[2][0]} {
			if len(stmt.Held) != 0 {
				t.Errorf("%s holds %+v, want nothing", stmt.SQL, stmt.Held)
			}
		}
	})

	t.Run("reading doesn't show as locks of the migration", func(t *testing.T) {
		t.Parallel()
		stmts := run(t, "CREATE VIEW names AS SELECT name FROM parents;", "SELECT 1;\nSELECT 2;")
		if held := stmts[1][1].Held; len(held) != 0 {
			t.Errorf("held = %+v, want nothing", held)
		}
	})
}

func TestRunOutsideTransactions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, sql string
		locks     []trace.Lock
		scans     []string
		rewrites  []string
	}{
		{
			name: "an index that is built", sql: "CREATE INDEX CONCURRENTLY children_p ON children (parent_id);",
			locks: []trace.Lock{{Relation: "children", Mode: "SHARE UPDATE EXCLUSIVE"}}, scans: []string{"children"},
		},
		{
			name: "an index that is dropped", sql: "DROP INDEX CONCURRENTLY children_n;",
			locks: []trace.Lock{
				{Relation: "children", Mode: "SHARE UPDATE EXCLUSIVE"},
				{Relation: "children_n", Index: true, Mode: "SHARE UPDATE EXCLUSIVE"},
			},
		},
		{
			name: "a table that is packed", sql: "VACUUM FULL children;",
			locks: []trace.Lock{{Relation: "children", Mode: "ACCESS EXCLUSIVE"}},
			scans: []string{"children"}, rewrites: []string{"children", "children_n", "children_pkey"},
		},
		{
			name: "a table that is vacuumed", sql: "VACUUM children;",
			locks: []trace.Lock{{Relation: "children", Mode: "SHARE UPDATE EXCLUSIVE"}},
		},
	} {
		t.Run("sees the locks of "+test.name, func(t *testing.T) {
			t.Parallel()
			stmt := run(t, none+test.sql)[0][0]
			if stmt.Err != nil {
				t.Fatal(stmt.Err)
			}
			if diff := cmp.Diff(test.locks, stmt.Locks); diff != "" {
				t.Errorf("locks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.scans, stmt.Scans); diff != "" {
				t.Errorf("scans (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.rewrites, stmt.Rewrites); diff != "" {
				t.Errorf("rewrites (-want +got):\n%s", diff)
			}
			if stmt.Transaction {
				t.Error("transaction = true, want false")
			}
		})
	}
}

// Of an index that is built again the lock on the old one comes first.
func TestRunOrdersTheLocksOfAnIndexThatIsReplaced(t *testing.T) {
	t.Parallel()
	stmt := run(t, "ALTER TABLE children ALTER COLUMN n TYPE bigint;")[0][0]
	want := []trace.Lock{
		{Relation: "children_n", Index: true, Mode: "ACCESS EXCLUSIVE"},
		{Relation: "children_n", Index: true, Mode: "ACCESS EXCLUSIVE", New: true},
	}
	got := slices.DeleteFunc(stmt.Locks, func(l trace.Lock) bool { return l.Relation != "children_n" })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("locks (-want +got):\n%s", diff)
	}
}

// A commit may fail for rows: the schema is read before it.
func TestRunReadsTheSchemaBeforeACommitThatFails(t *testing.T) {
	t.Parallel()
	stmts := run(t, "CREATE TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO a VALUES (1), (1);\nALTER TABLE parents ADD COLUMN b int;")[0]
	last := stmts[len(stmts)-1]
	if parents, _ := last.After.Table("parents"); last.Err == nil || len(parents.Columns) == 0 || parents.Columns[len(parents.Columns)-1].Name != "b" {
		t.Errorf("error = %v, columns after it = %+v, want an error and b", last.Err, parents.Columns)
	}
}

func TestRunStopsAtAFailure(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		line int
	}{
		"of a statement":                     {"SELECT 1;\nSELECT * FROM nothing;\nSELECT 2;", 2},
		"of the commit":                      {"CREATE TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO a VALUES (1), (1);", 2},
		"of a statement outside":             {none + "SELECT 1;\nSELECT * FROM nothing;\nSELECT 2;", 4},
		"of what leaves no schema":           {"SELECT 1;\nDROP SCHEMA public CASCADE;\nSELECT 2;", 2},
		"of what leaves none, outside":       {none + "SELECT 1;\nDROP SCHEMA public CASCADE;\nSELECT 2;", 4},
		"of what can't be in a transaction":  {"SELECT 1;\nCREATE INDEX CONCURRENTLY a ON parents (name);\nSELECT 2;", 2},
		"of an enum's value that is too new": {"CREATE TYPE mood AS ENUM ('glad');\nCOMMIT;\nBEGIN;\nALTER TYPE mood ADD VALUE 'sad';\nSELECT 'sad'::mood;\nSELECT 1;", 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := run(t, test.text, "SELECT 3;")
			last := all[0][len(all[0])-1]
			failed, ok := errors.AsType[*migration.StatementError](last.Err)
			if !ok {
				t.Fatalf("error = %v, want a StatementError", last.Err)
			}
			if failed.Line != test.line || failed.File != "1_a.sql" {
				t.Errorf("failed at %s:%d, want 1_a.sql:%d", failed.File, failed.Line, test.line)
			}
			if len(all[1]) != 0 {
				t.Errorf("statements of the next file = %d, want 0", len(all[1]))
			}
		})
	}
}

func TestRunLooksAtOneSchemaWhateverSearchPathAFileSets(t *testing.T) {
	t.Parallel()
	all := run(t, "SELECT set_config('search_path', '', false);\nCREATE INDEX i ON public.children (parent_id);\n", none+"ALTER TABLE public.parents ADD COLUMN a int;\n")
	built, altered := all[0][1], all[1][0]
	if diff := cmp.Diff([]string{"children"}, built.Scans); diff != "" {
		t.Errorf("scans of CREATE INDEX (-want +got):\n%s", diff)
	}
	if parents, ok := altered.After.Table("parents"); !ok || len(parents.Columns) != 3 {
		t.Errorf("parents = %+v, want it with three columns", parents)
	}
}

func TestRunKeepsWhatAFileHasSet(t *testing.T) {
	t.Parallel()
	const check = `DO $$ BEGIN
	IF current_setting('lock_timeout') <> '7s' OR current_setting('IntervalStyle') <> 'iso_8601' OR current_setting('search_path') <> 'elsewhere'
	THEN RAISE EXCEPTION 'lost'; END IF; END $$;`
	all := run(t, "CREATE SCHEMA elsewhere;\nSET lock_timeout = '7s';\nSET search_path = elsewhere;\nSET LOCAL statement_timeout = '9s';", "SET intervalstyle = 'iso_8601';", check)
	if len(all[2]) != 1 || all[2][0].Err != nil {
		t.Errorf("statements of the last file = %+v, want one that ran", all[2])
	}
}

func TestRunReadsTheSchemaAsANewSessionDoes(t *testing.T) {
	t.Parallel()
	const add = "ALTER TABLE parents ADD COLUMN at timestamptz DEFAULT '2026-01-01 00:00:00+00';"
	plain := run(t, add)[0][0]
	set := run(t, "SET timezone = 'Asia/Tokyo';\nSET quote_all_identifiers = on;\nCREATE ROLE reads_schema_as;\nSET ROLE reads_schema_as;\nRESET ROLE;\n"+add+"\nDROP ROLE reads_schema_as;")[0]
	if diff := cmp.Diff([]catalog.Change(nil), catalog.Compare(plain.After, set[len(set)-1].After)); diff != "" {
		t.Errorf("the schema without settings (-) and with them (+):\n%s", diff)
	}
}

func TestRunReadsTheSchemaOnlyWhenItMayHaveChanged(t *testing.T) {
	t.Parallel()
	const function = "CREATE FUNCTION extend() RETURNS void LANGUAGE plpgsql AS 'BEGIN ALTER TABLE parents ADD COLUMN extra int; END';\n"
	for name, test := range map[string]struct {
		sql     string
		read    bool
		changes int
	}{
		"insert":              {"INSERT INTO parents VALUES (1);", false, 0},
		"block that updates":  {"DO $$ BEGIN UPDATE parents SET name = ''; END $$;", false, 0},
		"function with DDL":   {function + "SELECT extend();", true, 1},
		"DDL rolled back":     {function + "DO $$ BEGIN PERFORM extend(); RAISE EXCEPTION 'no'; EXCEPTION WHEN OTHERS THEN END $$;", true, 0},
		"update of a catalog": {"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'children_n'::regclass;", true, 1},
		"track_counts is off": {function + "SET track_counts = off;\nSELECT extend();", true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stmts := run(t, test.sql)[0]
			last := stmts[len(stmts)-1]
			if last.Err != nil {
				t.Fatal(last.Err)
			}
			if got := catalog.Compare(last.Before, last.After); len(got) != test.changes {
				t.Errorf("changes = %+v, want %d", got, test.changes)
			}
			if read := &last.Before.Tables[0] != &last.After.Tables[0]; read != test.read {
				t.Errorf("the schema was read again: %t, want %t", read, test.read)
			}
		})
	}
}

func TestRunSeesWhatIsWritten(t *testing.T) {
	t.Parallel()
	const function = "CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS 'INSERT INTO parents VALUES (1)';\n"
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"rows that come":                        {"INSERT INTO parents VALUES (1);", []string{"parents"}},
		"one column":                            {"UPDATE parents SET name = upper('a, b') WHERE id = 1;", []string{"parents name"}},
		"two columns":                           {`UPDATE children SET "n" = (SELECT 1), parent_id = 2 FROM parents;`, []string{"children n parent_id"}},
		"columns that aren't told":              {"UPDATE children SET (n, parent_id) = (1, 2);", []string{"children"}},
		"a table that is emptied":               {"TRUNCATE children;", []string{"children"}},
		"what a function writes":                {function + "SELECT fill();", []string{"parents"}},
		"nothing where a function is kept":      {"CREATE OR REPLACE " + strings.TrimPrefix(function, "CREATE "), nil},
		"nothing where a rule is kept":          {"CREATE RULE r AS ON INSERT TO parents DO ALSO INSERT INTO children VALUES (1);", nil},
		"what a block writes":                   {"DO $$ BEGIN DELETE FROM children; END $$;", []string{"children"}},
		"a second time in a transaction":        {"DELETE FROM children;\nDELETE FROM children;", []string{"children", "children"}},
		"nothing where rows are only read":      {"SELECT FROM parents;", nil},
		"nothing where the schema changes":      {"ALTER TABLE children ADD COLUMN a int;", nil},
		"nothing anew behind what was written":  {"INSERT INTO parents VALUES (1);\nCOMMENT ON TABLE parents IS 'a';", []string{"parents"}},
		"something unseen in its own commits":   {none + "DO $$ BEGIN INSERT INTO parents VALUES (1); COMMIT; END $$;", []string{"?"}},
		"rows outside a transaction":            {none + "INSERT INTO parents VALUES (1);", []string{"parents"}},
		"nothing in what refuses a transaction": {none + "VACUUM parents;", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, stmt := range run(t, test.text)[0] {
				if stmt.Err != nil {
					t.Fatal(stmt.Err)
				}
				for _, w := range stmt.Writes {
					name := "?"
					for _, table := range stmt.Before.Tables {
						if table.OID == w.Table {
							name = table.Name
						}
					}
					got = append(got, strings.Join(append([]string{name}, w.Columns...), " "))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
		})
	}
}
