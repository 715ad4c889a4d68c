package plan_test

import (
	"errors"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/plan"
)

func TestCheck(t *testing.T) {
	t.Parallel()

	t.Run("agrees when the migrations make what the entities declare", func(t *testing.T) {
		t.Parallel()
		if err := plan.CompiledIn().Check(t.Context(), migratortest.Server(t), embedded(t)); err != nil {
			t.Error(err)
		}
	})

	t.Run("shows the difference as SQL and writes nothing", func(t *testing.T) {
		t.Parallel()
		s, dir := migratortest.Server(t), directory(t)
		diff(t, s, dir, "before", tables(items()).entities())
		before := listing(t, dir)
		err := tables(items(nullable(text("note", 20)))).entities().Check(t.Context(), s, dir)
		if drift, ok := errors.AsType[*plan.DriftError](err); !ok || !strings.Contains(drift.SQL, `ADD COLUMN "note"`) || !strings.Contains(err.Error(), drift.SQL) {
			t.Errorf("error = %v, want a DriftError that adds the column", err)
		}
		if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
			t.Errorf("directory (-before +after):\n%s", diff)
		}
	})
}

func TestDiffRefuses(t *testing.T) {
	t.Parallel()

	t.Run("a name that isn't one", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"", "Add Note", "../note", "add-note"} {
			if _, err := plan.CompiledIn().Diff(t.Context(), nil, nil, name); err == nil {
				t.Errorf("Diff(%q) = nil, want an error", name)
			}
		}
	})

	t.Run("files that atlas.sum doesn't match", func(t *testing.T) {
		t.Parallel()
		dir := directory(t)
		if err := dir.WriteFile("1_early.sql", []byte("SELECT 1;\n")); err != nil {
			t.Fatal(err)
		}
		_, err := plan.CompiledIn().Diff(t.Context(), nil, dir, "note")
		if !errors.Is(err, migrate.ErrChecksumMismatch) || !strings.Contains(err.Error(), "1_early.sql was added") {
			t.Errorf("error = %v, want a mismatch that names the file", err)
		}
	})

	t.Run("files that can't be replayed, naming the statement", func(t *testing.T) {
		t.Parallel()
		const create = "CREATE TABLE a ();\n"
		dir := directory(t, migrate.NewLocalFile("1_a.sql", []byte(create+create)))
		err := plan.CompiledIn().Check(t.Context(), migratortest.Server(t), dir)
		if at, ok := errors.AsType[*migration.StatementError](err); !ok || at.File != "1_a.sql" || at.Line != 2 {
			t.Errorf("error = %v, want one of 1_a.sql, line 2", err)
		}
	})
}
