package migration_test

import (
	"testing"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
)

func TestStatements(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a block":                   "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT 1; END; SELECT 2;",
		"a dollar quote":            "DO $x$ BEGIN PERFORM 1; END $x$; SELECT 2;",
		"a body of SQL":             "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\nSELECT 2;",
		"a delimiter of its own":    "-- atlas:delimiter \\n--\\n\nSELECT 1;\nSELECT 2\n--\nSELECT 3",
		"a transaction of the file": "BEGIN;\nSELECT 1;\nCOMMIT;\n",
		"comments":                  "-- why; so\nSELECT 1; /* a; b */ SELECT 2;",
	} {
		t.Run("cuts as Atlas's driver does: "+name, func(t *testing.T) {
			t.Parallel()
			want, err := (&postgres.Driver{}).ScanStmts(text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := migration.Statements(migrate.NewLocalFile("1_a.sql", []byte(text)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
		})
	}
}

// What reads a file must cut it as what runs it, or the review is of other
// statements than those that are applied.
func TestStatementsAreTheSameForAll(t *testing.T) {
	t.Parallel()
	const block = `CREATE TABLE a (t text); BEGIN ISOLATION LEVEL READ COMMITTED; INSERT INTO a VALUES ('one'); END;`
	for _, txmode := range []string{"", "-- atlas:txmode none\n\n"} {
		db, dir := emptyDB(t), files(t, "1_a.sql", txmode+block)
		planned, err := migration.DryRun(t.Context(), db, dir, migration.ApplyOptions{})
		if err != nil || len(planned) != 2 {
			t.Errorf("DryRun() = %v, %v, want 2 statements", planned, err)
		}
		if revs := apply(t, db, dir); revs[0].Total != 2 {
			t.Errorf("applied = %d statements, want 2", revs[0].Total)
		}
		all, err := dir.Files()
		if err != nil {
			t.Fatal(err)
		}
		replayed := emptyDB(t)
		if err := migration.Replay(t.Context(), replayed, all); err != nil {
			t.Errorf("Replay: %v", err)
		}
		if changes, err := migration.Drift(t.Context(), db, emptyDB(t), dir, nil); err != nil || len(changes) > 0 {
			t.Errorf("Drift() = %v, %v, want none", changes, err)
		}
	}
}
