package migration_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"github.com/google/go-cmp/cmp"

	entmigrate "commitment/ent/migrate"
	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

func TestDiff(t *testing.T) {
	t.Parallel()

	t.Run("finds nothing between the migrations and the entities", func(t *testing.T) {
		t.Parallel()
		dir := localCopy(t)
		before := listing(t, dir)
		added, err := migration.Diff(t.Context(), emptyDB(t), dir, "nothing")
		if err != nil {
			t.Fatal(err)
		}
		if len(added) != 0 {
			t.Errorf("added = %v, want none", added)
		}
		if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
			t.Errorf("directory (-before +after):\n%s", diff)
		}
	})

	t.Run("plans a new column in a file that applies, once", func(t *testing.T) {
		t.Parallel()
		dir, wanted := localCopy(t), withColumn(t)
		added, err := migration.DiffTables(t.Context(), emptyDB(t), dir, "account_note", wanted)
		if err != nil {
			t.Fatal(err)
		}
		if len(added) != 1 || !strings.HasSuffix(added[0], "_account_note.sql") {
			t.Fatalf("added = %v, want one file named account_note", added)
		}
		db := pgtest.Open(t, pgtest.URL(t))
		if revs := apply(t, db, dir); len(revs) != 1 {
			t.Errorf("applied = %v, want the new file", versions(revs))
		}
		exec(t, db, "SELECT note FROM accounts")
		added, err = migration.DiffTables(t.Context(), emptyDB(t), dir, "again", wanted)
		if err != nil || len(added) != 0 {
			t.Errorf("diff again = %v, %v, want nothing", added, err)
		}
	})

	t.Run("drops a column and an index that the entities no longer have", func(t *testing.T) {
		t.Parallel()
		dir := localCopy(t)
		if _, err := migration.DiffTables(t.Context(), emptyDB(t), dir, "account_note", withColumn(t)); err != nil {
			t.Fatal(err)
		}
		added, err := migration.Diff(t.Context(), emptyDB(t), dir, "no_note")
		if err != nil {
			t.Fatal(err)
		}
		if len(added) != 1 {
			t.Fatalf("added = %v, want one file", added)
		}
		planned := listing(t, dir)[added[0]]
		for _, want := range []string{`DROP COLUMN "note"`, `DROP INDEX "account_first"`} {
			if !strings.Contains(planned, want) {
				t.Errorf("plan = %s, want %s in it", planned, want)
			}
		}
	})
}

func TestDiffRefuses(t *testing.T) {
	t.Parallel()

	t.Run("a name that isn't one", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"", "Add Note", "../note", "add-note"} {
			if _, err := migration.Diff(t.Context(), nil, nil, name); err == nil {
				t.Errorf("Diff(%q) = nil, want an error", name)
			}
		}
	})

	t.Run("files that atlas.sum doesn't match", func(t *testing.T) {
		t.Parallel()
		dir := localCopy(t)
		if err := dir.WriteFile("1_early.sql", []byte(createA)); err != nil {
			t.Fatal(err)
		}
		_, err := migration.Diff(t.Context(), emptyDB(t), dir, "note")
		if !errors.Is(err, migrate.ErrChecksumMismatch) || !strings.Contains(err.Error(), "1_early.sql was added") {
			t.Errorf("error = %v, want a mismatch that names the file", err)
		}
	})

	t.Run("a dev database that isn't empty", func(t *testing.T) {
		t.Parallel()
		_, err := migration.Diff(t.Context(), pgtest.Open(t, pgtest.URL(t)), localCopy(t), "note")
		if err == nil || !strings.Contains(err.Error(), "has to be empty") {
			t.Errorf("error = %v, want one of the dev database", err)
		}
	})

	t.Run("files that can't be replayed, naming the statement", func(t *testing.T) {
		t.Parallel()
		err := migration.Check(t.Context(), emptyDB(t), files(t, "1_a.sql", createA+createA))
		if at, ok := errors.AsType[*migration.StatementError](err); !ok || at.File != "1_a.sql" || at.Line != 2 {
			t.Errorf("error = %v, want one of 1_a.sql, line 2", err)
		}
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()

	t.Run("agrees when the migrations lead to the entities", func(t *testing.T) {
		t.Parallel()
		if err := migration.Check(t.Context(), emptyDB(t), embedded(t)); err != nil {
			t.Error(err)
		}
	})

	t.Run("shows the difference as SQL and writes nothing", func(t *testing.T) {
		t.Parallel()
		dir := localCopy(t)
		before := listing(t, dir)
		err := migration.CheckTables(t.Context(), emptyDB(t), dir, withColumn(t))
		if drift, ok := errors.AsType[*migration.DriftError](err); !ok || !strings.Contains(drift.SQL, `ADD COLUMN "note"`) {
			t.Errorf("error = %v, want a DriftError that adds the column", err)
		}
		if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
			t.Errorf("directory (-before +after):\n%s", diff)
		}
	})
}

func TestNextVersion(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 1, 2, 3, 4, time.FixedZone("", 3600))
	tests := []struct{ name, newest, want string }{
		{"is the time in UTC", "", "20261122000203"},
		{"is newer than the newest file of the same second", "20261122000203", "20261122000204"},
		{"is newer than a file from the future", "20261231235959", "20270101000000"},
		{"is the time after a version that is no time", "1", "20261122000203"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := migration.NextVersion(tt.newest, now); got != tt.want {
				t.Errorf("version = %s, want %s", got, tt.want)
			}
		})
	}
}

// withColumn is the entities' tables with a column and an index more.
func withColumn(t *testing.T) []*schema.Table {
	t.Helper()
	tables, err := schema.CopyTables(entmigrate.Tables)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if table.Name == entmigrate.AccountsTable.Name {
			table.Indexes = append(table.Indexes, &schema.Index{Name: "account_first", Columns: table.Columns[:1]})
			table.Columns = append(table.Columns, &schema.Column{Name: "note", Type: field.TypeString, Nullable: true})
		}
	}
	return tables
}

// listing is the files of a directory, atlas.sum left out, by name.
func listing(t *testing.T, dir migrate.Dir) map[string]string {
	t.Helper()
	list, err := dir.Files()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, f := range list {
		all[f.Name()] = string(f.Bytes())
	}
	return all
}
