package migration_test

import (
	"errors"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

func TestDryRun(t *testing.T) {
	t.Parallel()

	t.Run("returns what would run and changes nothing", func(t *testing.T) {
		t.Parallel()
		url := pgtest.EmptyURL(t)
		db := pgtest.Open(t, withSetting(t, url, "default_transaction_read_only", "on"))
		got, err := migration.DryRun(t.Context(), db, files(t, "1_a.sql", createA+createB, "2_i.sql", none+"DROP TABLE a;\n"), migration.ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := []migration.Statement{
			{File: "1_a.sql", Line: 1, SQL: "CREATE TABLE a (id int);", Transaction: true},
			{File: "1_a.sql", Line: 2, SQL: "CREATE TABLE b (id int);", Transaction: true},
			{File: "2_i.sql", Line: 3, SQL: "DROP TABLE a;"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("statements (-want +got):\n%s", diff)
		}
	})

	t.Run("goes on where a file was stopped", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		dir := files(t, "1_a.sql", none+createA+"SELECT nothing;\n"+createB)
		if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{}); err == nil {
			t.Fatal("error = nil, want one")
		}
		got, err := migration.DryRun(t.Context(), db, dir, migration.ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := []migration.Statement{{File: "1_a.sql", Line: 4, SQL: "SELECT nothing;"}, {File: "1_a.sql", Line: 5, SQL: "CREATE TABLE b (id int);"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("statements (-want +got):\n%s", diff)
		}
	})

	t.Run("refuses what Apply refuses", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		exec(t, db, "CREATE TABLE legacy (id int)")
		dir := files(t, "1_a.sql", createA)
		if _, err := migration.DryRun(t.Context(), db, dir, migration.ApplyOptions{}); !errors.Is(err, migration.ErrNotEmpty) {
			t.Errorf("error = %v, want %v", err, migration.ErrNotEmpty)
		}
		exec(t, db, "DROP TABLE legacy")
		apply(t, db, files(t, "1_a.sql", createA, "3_b.sql", createB))
		late := files(t, "1_a.sql", createA, "2_c.sql", "CREATE TABLE c ();\n", "3_b.sql", createB)
		_, err := migration.DryRun(t.Context(), db, late, migration.ApplyOptions{})
		if _, ok := errors.AsType[*migrate.HistoryNonLinearError](err); !ok {
			t.Errorf("error = %v, want a HistoryNonLinearError", err)
		}
		exec(t, db, "DROP TABLE a")
		more := files(t, "1_a.sql", createA, "3_b.sql", createB, "4_c.sql", "CREATE TABLE c ();\n")
		_, err = migration.DryRun(t.Context(), db, more, migration.ApplyOptions{})
		if _, ok := errors.AsType[*migration.DriftError](err); !ok {
			t.Errorf("error = %v, want a DriftError", err)
		}
		if err := dir.WriteFile("1_a.sql", []byte(createB)); err != nil {
			t.Fatal(err)
		}
		if _, err := migration.DryRun(t.Context(), db, dir, migration.ApplyOptions{}); !errors.Is(err, migrate.ErrChecksumMismatch) {
			t.Errorf("error = %v, want %v", err, migrate.ErrChecksumMismatch)
		}
	})
}
