package migration_test

import (
	"errors"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
)

// second is what is recorded of the second file.
const second = `SELECT concat_ws(' ', applied, 'of', total, nullif(error, '')) FROM atlas_schema_revisions WHERE version = '2'`

func TestApplyResumesMendedFile(t *testing.T) {
	t.Parallel()
	const start = none + createB + "CREATE TABLE c (id int);\n"
	broken := []string{"1_a.sql", createA, "2_b.sql", start + "SELECT nothing;\n"}
	tests := []struct{ name, mended, want string }{
		{"with more statements than it had", start + "SELECT 1;\nSELECT 2;\nSELECT 3;\n", "5 of 5"},
		{"without the statement that failed", start, "2 of 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := emptyDB(t)
			if _, err := migration.Apply(t.Context(), db, files(t, broken...), migration.ApplyOptions{}); err == nil {
				t.Fatal("error = nil, want one")
			}
			dir := files(t, "1_a.sql", createA, "2_b.sql", tt.mended)
			apply(t, db, dir)
			if diff := cmp.Diff([]string{tt.want}, queryStrings(t, db, second)); diff != "" {
				t.Errorf("revision (-want +got):\n%s", diff)
			}
			sum, err := dir.Checksum()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{sum[1].H}, queryStrings(t, db, "SELECT hash FROM atlas_schema_revisions WHERE version = '2'")); diff != "" {
				t.Errorf("hash (-want +got):\n%s", diff)
			}
			if revs := apply(t, db, dir); len(revs) != 0 {
				t.Errorf("applied then = %v, want none", versions(revs))
			}
		})
	}

	t.Run("but not one that lost statements that were applied", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		if _, err := migration.Apply(t.Context(), db, files(t, broken...), migration.ApplyOptions{}); err == nil {
			t.Fatal("error = nil, want one")
		}
		dir := files(t, "1_a.sql", createA, "2_b.sql", none+createB)
		_, applied := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
		_, printed := migration.DryRun(t.Context(), db, dir, migration.ApplyOptions{})
		for _, err := range []error{applied, printed} {
			if _, ok := errors.AsType[migrate.HistoryChangedError](err); !ok {
				t.Errorf("error = %v, want a HistoryChangedError", err)
			}
		}
	})
}

func TestApplyFailsAsOftenAsTheStatementDoes(t *testing.T) {
	t.Parallel()
	const table = "CREATE TABLE p (id int) PARTITION BY LIST (id);\nCREATE TABLE q (id int);\n"
	for _, statement := range []string{"DROP INDEX CONCURRENTLY nothing;\n", "ALTER TABLE p DETACH PARTITION q CONCURRENTLY;\n"} {
		db := emptyDB(t)
		for range 2 {
			_, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", table, "2_b.sql", none+statement), migration.ApplyOptions{})
			if err == nil {
				t.Errorf("%s: error = nil, want one each time", statement)
			}
		}
	}
}

// A killed program leaves its statement and no record, unless both are of one
// transaction.
func TestApplyRunsOnceWhatWasNotRecorded(t *testing.T) {
	t.Parallel()
	const (
		setup = "CREATE TABLE a (n int);\nINSERT INTO a VALUES (0);\n" +
			"CREATE FUNCTION increase() RETURNS void LANGUAGE sql AS 'UPDATE a SET n = n + 1';\n" +
			"CREATE PROCEDURE increase_too() LANGUAGE sql AS 'UPDATE a SET n = n + 1';\n"
		lose = `CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
			CREATE TRIGGER lose BEFORE UPDATE ON atlas_schema_revisions FOR EACH ROW WHEN (NEW.version = '2' AND NEW.applied = 1) EXECUTE FUNCTION lose()`
	)
	for _, statement := range []string{
		"WITH one AS (SELECT 1 AS n) UPDATE a SET n = a.n + one.n FROM one;\n",
		"DO 'BEGIN UPDATE a SET n = n + 1; END';\n",
		"SELECT increase();\n",
		"CALL increase_too();\n",
		"EXPLAIN ANALYZE UPDATE a SET n = n + 1;\n",
	} {
		db := emptyDB(t)
		dir := files(t, "1_a.sql", setup, "2_b.sql", none+statement)
		apply(t, db, files(t, "1_a.sql", setup))
		exec(t, db, lose)
		o := migration.ApplyOptions{AllowDrift: true}
		if _, err := migration.Apply(t.Context(), db, dir, o); err == nil {
			t.Fatal("error = nil, want a lost connection")
		}
		exec(t, db, "DROP FUNCTION lose CASCADE")
		apply(t, db, dir)
		if diff := cmp.Diff([]string{"1"}, queryStrings(t, db, "SELECT n::text FROM a")); diff != "" {
			t.Errorf("%s: runs (-want +got):\n%s", statement, diff)
		}
	}
}

func TestApplyKeepsTransactionsOfTheFile(t *testing.T) {
	t.Parallel()
	const twice = "CREATE TABLE b (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO b VALUES (1), (1);\nCOMMIT;\n"
	tests := []struct {
		name, file string
		tables     []string // after the failure
		mended     string
		want       string
	}{
		{"and goes on behind the COMMIT of one", createB + "COMMIT;\nCREATE TABLE c (id int);\nSELECT nothing;\n", []string{"a", "b", "c"},
			createB + "COMMIT;\nCREATE TABLE c (id int);\n", "3 of 3"},
		{"and begins one anew that failed", none + "BEGIN;\n" + createB + "SELECT nothing;\nCOMMIT;\n", []string{"a"},
			none + "BEGIN;\n" + createB + "COMMIT;\n", "3 of 3"},
		{"and begins one anew whose COMMIT failed", none + "BEGIN;\n" + twice, []string{"a"}, none + createB, "1 of 1"},
		{"and begins the file anew when its own COMMIT failed", twice, []string{"a"}, createB, "1 of 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := emptyDB(t)
			_, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", createA, "2_b.sql", tt.file), migration.ApplyOptions{})
			if _, ok := errors.AsType[*migration.StatementError](err); !ok {
				t.Fatalf("error = %v, want a StatementError", err)
			}
			const made = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'atlas_schema_revisions' ORDER BY 1"
			if diff := cmp.Diff(tt.tables, queryStrings(t, db, made)); diff != "" {
				t.Errorf("tables after the failure (-want +got):\n%s", diff)
			}
			apply(t, db, files(t, "1_a.sql", createA, "2_b.sql", tt.mended))
			if diff := cmp.Diff([]string{tt.want}, queryStrings(t, db, second)); diff != "" {
				t.Errorf("revision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyLetsBlocksAndProceduresCommit(t *testing.T) {
	t.Parallel()
	const (
		setup   = "CREATE TABLE a (n int);\nCREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN INSERT INTO a VALUES (1); COMMIT; INSERT INTO a VALUES (2); END';\n"
		commits = none + "CALL p();\nDO 'BEGIN INSERT INTO a VALUES (3); ROLLBACK; INSERT INTO a VALUES (4); END';\n"
	)
	db := emptyDB(t)
	apply(t, db, files(t, "1_a.sql", setup, "2_b.sql", commits))
	if diff := cmp.Diff([]string{"1", "2", "4"}, queryStrings(t, db, "SELECT n::text FROM a ORDER BY n")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"2 of 2"}, queryStrings(t, db, second)); diff != "" {
		t.Errorf("revision (-want +got):\n%s", diff)
	}
}
