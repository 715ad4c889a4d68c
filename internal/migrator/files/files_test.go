package files_test

import (
	"errors"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/migratortest"
)

func TestNewWritesAFileThatDoesNothingYet(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "29990101000000_future.sql")
	name, err := files.New(r.dir, "backfill_owner")
	if err != nil {
		t.Fatal(err)
	}
	r.wantNames("29990101000000_future.sql", name)
	if name != "29990101000001_backfill_owner.sql" {
		t.Errorf("name = %s, want one that sorts last", name)
	}
	f := migrate.NewLocalFile(name, []byte(r.contents()[name]))
	if stmts, err := f.Stmts(); err != nil || len(stmts) != 0 {
		t.Errorf("statements = %q, %v, want none", stmts, err)
	}
	if modes := f.Directive("txmode"); len(modes) != 0 {
		t.Errorf("txmode = %q, want none", modes)
	}
	r.wantValid()
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()

	t.Run("a name with other characters", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t, "20260101000000_a.sql")
		for _, name := range []string{"", "../a", "A", "a b"} {
			_, err := files.New(r.dir, name)
			wantError(t, err, "want a-z, 0-9 and _")
		}
		r.wantNames("20260101000000_a.sql")
	})

	t.Run("a directory that was edited, whose sums would hide it", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t, "20260101000000_a.sql")
		r.write("20260101000000_a.sql", "SELECT 1;\n")
		_, err := files.New(r.dir, "b")
		wantError(t, err, "20260101000000_a.sql was edited")
		r.wantNames("20260101000000_a.sql")
	})
}

func TestHashSaysWhetherTheSumsAreOthers(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "20260101000000_a.sql")
	for _, want := range []bool{false, true, false} {
		if got, err := files.Hash(r.dir); err != nil || got != want {
			t.Errorf("Hash = %t, %v, want %t", got, err, want)
		}
		r.write("20260101000000_a.sql", "SELECT 1;\n")
	}
	r.wantValid()
}

func TestValidate(t *testing.T) {
	t.Parallel()
	s := migratortest.Server(t)

	t.Run("accepts files that run", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t, "20260101000000_a.sql", "20260102000000_b.sql")
		if err := files.Validate(t.Context(), s, r.dir); err != nil {
			t.Error(err)
		}
	})

	t.Run("refuses sums that don't match", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t, "20260101000000_a.sql")
		r.write("20260102000000_b.sql", "SELECT 1;\n")
		wantError(t, files.Validate(t.Context(), s, r.dir), "20260102000000_b.sql was added")
	})

	t.Run("refuses a version that is there twice", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t, "20260101000000_a.sql", "20260101000000_b.sql")
		wantError(t, files.Validate(t.Context(), s, r.dir), "20260101000000_a.sql and 20260101000000_b.sql have the same version")
	})

	t.Run("refuses what can't be read", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t)
		r.write("20260101000000_a.sql", "SELECT 'open;\n")
		r.hash()
		wantError(t, files.Validate(t.Context(), s, r.dir), "unclosed quote")
	})

	t.Run("says which statement fails", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t, "20260101000000_a.sql")
		r.write("20260102000000_b.sql", "-- once more\nCREATE TABLE a ();\n")
		r.hash()
		failed, ok := errors.AsType[*migration.StatementError](files.Validate(t.Context(), s, r.dir))
		if !ok || failed.File != "20260102000000_b.sql" || failed.Line != 2 {
			t.Errorf("error = %v, want a statement's in line 2 of the second file", failed)
		}
	})
}
