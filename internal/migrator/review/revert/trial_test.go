package revert_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/review/revert"
	"commitment/internal/migrator/review/trace"
)

func TestUndoable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text   string
		writes bool
		byHand bool
		want   bool
	}{
		"a file that defines objects":          {text: "CREATE TABLE a (id int);\nCOMMENT ON TABLE a IS 'a';\nDROP TABLE a;", want: true},
		"one outside of a transaction":         {text: "-- atlas:txmode none\n\nCREATE TABLE a (id int);"},
		"one that sets what a session keeps":   {text: "CREATE TABLE a (id int);\nSET lock_timeout = '1s';"},
		"one that calls a function":            {text: "SELECT pg_advisory_lock(1);"},
		"one that writes rows":                 {text: "INSERT INTO a VALUES (1);"},
		"one that writes rows by a function":   {text: "CREATE INDEX i ON a (f(id));", writes: true},
		"one that uses up a sequence's values": {text: "ALTER TABLE a ADD COLUMN b int DEFAULT NEXTVAL('s');"},
		"one that is reverted by hand":         {text: "CREATE TABLE a (id int);", byHand: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := file("1.sql", tt.text)
			a := revert.Applied{File: f}
			decls, err := f.StmtDecls()
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range decls {
				stmt := trace.Statement{SQL: d.Text}
				if tt.writes {
					stmt.Writes = []trace.Write{{Table: 1}}
				}
				a.Statements = append(a.Statements, stmt)
			}
			if tt.byHand {
				a.ByHand = file("1.down.sql", "DROP TABLE a;")
			}
			if got := a.Undoable(); got != tt.want {
				t.Errorf("undoable = %t, want %t", got, tt.want)
			}
		})
	}
}

// What Find tries on the database itself leaves nothing there, neither objects nor
// settings of the session.
func TestFindLeavesTheDatabase(t *testing.T) {
	t.Parallel()
	older := file("1.sql", users+`CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';`)
	for _, text := range []string{
		`CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'; ALTER TABLE users ADD COLUMN nick text`,
		`DROP FUNCTION one(); ALTER TABLE users DROP COLUMN name`,
		`ALTER TABLE users RENAME TO people; CREATE INDEX by_name ON people (name)`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			db := database(t, older)
			plan := findOn(t, db, state(t, db), file("2.sql", text))
			if !plan.Replayed {
				t.Fatalf("plan = %+v, want one that was replayed", plan)
			}
			var checked, hidden string
			if err := db.QueryRowContext(t.Context(), "SELECT current_setting('check_function_bodies'), current_setting('row_security')").Scan(&checked, &hidden); err != nil {
				t.Fatal(err)
			}
			if checked != "on" || hidden != "on" {
				t.Errorf("check_function_bodies, row_security = %s, %s, want both on", checked, hidden)
			}
			fresh := database(t, older)
			exec(t, fresh.DB, text)
			if diff := gocmp.Diff(state(t, fresh).Described(), state(t, db).Described()); diff != "" {
				t.Errorf("the database (-want +got):\n%s", diff)
			}
		})
	}
}
