package plan_test

import (
	"context"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/migratortest"
)

// Each backfill is completed as its comment says, and runs on a row without any of the values.
// Until then such a row can be updated.
func TestBackfillsOfSeveralColumnsRun(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)
	db, err := s.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Drop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	before, err := tables(items(nullable(number("size")), nullable(number("price")))).entities().Declared(t.Context(), db.DB)
	if err != nil {
		t.Fatal(err)
	}
	added := diff(t, s, directory(t, before...), "require", tables(items(number("size"), number("price"))).entities())
	if err := migration.Replay(t.Context(), db.DB, before); err != nil {
		t.Fatal(err)
	}
	exec(t, db.DB, "INSERT INTO items VALUES (1, NULL, NULL)")
	backfills := 0
	for _, f := range added {
		if strings.Contains(f.Name(), "_backfill") {
			backfills++
			exec(t, db.DB, "UPDATE items SET id = id")
			f = completed(f)
		}
		if err := migration.Replay(t.Context(), db.DB, []migrate.File{f}); err != nil {
			t.Fatalf("apply %s: %v", f.Name(), err)
		}
	}
	if backfills != 2 {
		t.Errorf("backfills = %d, want one for each column", backfills)
	}
}

// completed is a file with a backfill that isn't a comment any more, and has a value.
func completed(f migrate.File) migrate.File {
	head, block, _ := strings.Cut(string(f.Bytes()), "-- DO $$")
	return migrate.NewLocalFile(f.Name(), []byte(head+"DO $$"+strings.NewReplacer("\n-- ", "\n", "…", "0").Replace(block)))
}
