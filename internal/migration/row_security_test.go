package migration_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/pgtest"
)

// forced has two tables whose owner is held to their policies, each with a row. The row
// of b references nothing.
const forced = `CREATE TABLE a (id int PRIMARY KEY, n int);
CREATE TABLE b (a_id int);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (2);
ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE b ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
`

// ownersDB is an empty database for a role that is neither a superuser nor has BYPASSRLS,
// and for one that is a superuser.
func ownersDB(t *testing.T) (owner, superuser *sql.DB) {
	t.Helper()
	url := pgtest.EmptyURL(t)
	superuser = pgtest.Open(t, url)
	const role = "pg_database_owner" // a role that every server has
	pgtest.Exec(t, superuser, "GRANT USAGE, CREATE ON SCHEMA public TO "+role)
	return pgtest.Open(t, pgtest.WithParams(t, url, map[string]string{"role": role})), superuser
}

func TestApplyPassesOverNoRows(t *testing.T) {
	t.Parallel()
	const (
		update   = "UPDATE a SET n = 1;\n"
		noForce  = "ALTER TABLE a NO FORCE ROW LEVEL SECURITY;\n"
		force    = "ALTER TABLE a FORCE ROW LEVEL SECURITY;\n"
		filled   = "SELECT count(*) FROM a WHERE n = 1"
		isForced = "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'a'::regclass"
	)
	for _, tt := range []struct{ name, file, mended string }{
		{"in a transaction", update, noForce + update + force},
		{"without a transaction", none + update, none + noForce + update + force},
		{"in a file that is resumed", none + "CREATE TABLE c (id int);\n" + update, none + "CREATE TABLE c (id int);\n" + noForce + update + force},
		{"in a block that commits", none + "DO $$ BEGIN UPDATE a SET n = 1; COMMIT; END $$;\n", none + noForce + "DO $$ BEGIN UPDATE a SET n = 1; COMMIT; END $$;\n" + force},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			owner, superuser := ownersDB(t)
			apply(t, owner, files(t, "1_a.sql", forced))
			for range 2 { // a second try is no more silent
				_, err := migration.Apply(t.Context(), owner, files(t, "1_a.sql", forced, "2_b.sql", tt.file), migration.ApplyOptions{})
				if !errors.Is(err, migration.ErrRowSecurity) {
					t.Fatalf("error = %v, want %v", err, migration.ErrRowSecurity)
				}
			}
			apply(t, owner, files(t, "1_a.sql", forced, "2_b.sql", tt.mended))
			if n := pgtest.Value[int](t, superuser, filled); n != 1 {
				t.Errorf("rows with a value = %d, want 1", n)
			}
			if !pgtest.Value[bool](t, superuser, isForced) {
				t.Error("row-level security isn't forced any more, want it to be")
			}
		})
	}

	t.Run("and checks every row for a foreign key", func(t *testing.T) {
		t.Parallel()
		owner, _ := ownersDB(t)
		const key = "ALTER TABLE b ADD CONSTRAINT k FOREIGN KEY (a_id) REFERENCES a NOT VALID;\n"
		const validate = "ALTER TABLE b VALIDATE CONSTRAINT k;\n"
		_, err := migration.Apply(t.Context(), owner, files(t, "1_a.sql", forced, "2_b.sql", key, "3_c.sql", validate), migration.ApplyOptions{})
		if !errors.Is(err, migration.ErrRowSecurity) {
			t.Errorf("error = %v, want %v", err, migration.ErrRowSecurity)
		}
	})

	t.Run("for a superuser anyway", func(t *testing.T) {
		t.Parallel()
		_, superuser := ownersDB(t)
		apply(t, superuser, files(t, "1_a.sql", forced, "2_b.sql", update))
		if n := pgtest.Value[int](t, superuser, filled); n != 1 {
			t.Errorf("rows with a value = %d, want 1", n)
		}
	})

	t.Run("and says nothing of what the role may not do for another reason", func(t *testing.T) {
		t.Parallel()
		owner, superuser := ownersDB(t)
		pgtest.Exec(t, superuser, "CREATE TABLE others (id int)")
		_, err := migration.Apply(t.Context(), owner, files(t, "1_a.sql", "SELECT * FROM others;\n"), migration.ApplyOptions{Exclude: []string{"others"}})
		if err == nil || errors.Is(err, migration.ErrRowSecurity) || !strings.Contains(err.Error(), "42501") {
			t.Errorf("error = %v, want only that the permission is missing", err)
		}
	})
}

func TestRevertPassesOverNoRows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		outside int
	}{{"in a transaction", 0}, {"outside of one", 1}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			owner, superuser := ownersDB(t)
			dir := files(t, "1_a.sql", forced)
			apply(t, owner, dir)
			reverse := func(context.Context, catalog.Querier, []*migrate.Revision) ([]migration.Reverse, error) {
				return []migration.Reverse{{Version: "1", Statements: []string{"DELETE FROM a"}, Outside: tt.outside}}, nil
			}
			_, err := migration.Revert(t.Context(), owner, dir, migration.ApplyOptions{}, reverse)
			if !errors.Is(err, migration.ErrRowSecurity) {
				t.Errorf("error = %v, want %v", err, migration.ErrRowSecurity)
			}
			if diff := cmp.Diff([]string{"1"}, queryStrings(t, superuser, "SELECT version FROM atlas_schema_revisions")); diff != "" {
				t.Errorf("revisions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReplayPassesOverNoRows(t *testing.T) {
	t.Parallel()
	owner, _ := ownersDB(t)
	dir, err := files(t, "1_a.sql", forced, "2_b.sql", "UPDATE a SET n = 1;\n").Files()
	if err != nil {
		t.Fatal(err)
	}
	err = migration.Replay(t.Context(), owner, dir)
	failed, ok := errors.AsType[*migration.StatementError](err)
	if !ok || failed.File != "2_b.sql" || !errors.Is(err, migration.ErrRowSecurity) {
		t.Errorf("error = %v, want %v in 2_b.sql", err, migration.ErrRowSecurity)
	}
}
