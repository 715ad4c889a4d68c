package revert_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/pgtest"
)

// forced has two tables whose owner is held to their policies. Key k leads from one to the other.
const forced = `CREATE TABLE items (id int PRIMARY KEY, note text);
CREATE TABLE lines (item_id int CONSTRAINT k REFERENCES items);
ALTER TABLE items ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE lines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;`

// owners is a database with these files, for its owner, who neither is a superuser nor has
// BYPASSRLS, and for a superuser.
func owners(t *testing.T, dir migrate.Dir) (owner, superuser *sql.DB) {
	t.Helper()
	url := pgtest.EmptyURL(t)
	superuser = pgtest.Open(t, url)
	const role = "pg_database_owner" // a role that every server has
	exec(t, superuser, "GRANT USAGE, CREATE ON SCHEMA public TO "+role)
	exec(t, superuser, "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO "+role+"', current_database()); END $$") // for snapshots
	owner = pgtest.Open(t, pgtest.WithParams(t, url, map[string]string{"role": role}))
	apply(t, owner, dir)
	return owner, superuser
}

// Each of these files drops a foreign key whose revert looks every row up, ahead of the
// transaction or in it.
var unreferenced = map[string]string{
	"of both":                "ALTER TABLE lines DROP CONSTRAINT k",
	"of one to the other":    "ALTER TABLE lines DROP CONSTRAINT k, NO FORCE ROW LEVEL SECURITY",
	"of one from the other":  "ALTER TABLE lines DROP CONSTRAINT k; ALTER TABLE items NO FORCE ROW LEVEL SECURITY",
	"with what it refers to": "ALTER TABLE lines DROP CONSTRAINT k; ALTER TABLE items DROP CONSTRAINT items_pkey",
	"and its policies":       "ALTER TABLE lines DROP CONSTRAINT k, NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
}

func TestDownLooksUpTheRowsOfAnOwnerHeldToPolicies(t *testing.T) {
	t.Parallel()
	for name, file := range unreferenced {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := directory(t, forced, file)
			owner, superuser := owners(t, dir)
			before := schema(t, applied(t, directory(t, forced)))
			exec(t, superuser, "INSERT INTO items VALUES (1); INSERT INTO lines VALUES (1), (2)")
			after := schema(t, superuser)
			dev := migratortest.Server(t)
			_, err := revert.Down(t.Context(), owner, dev, dir, revert.DownOptions{})
			const foreignKeyViolation = "23503"
			if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != foreignKeyViolation {
				t.Errorf("Down with a line of no item = %v, want %s", err, foreignKeyViolation)
			}
			if diff := cmp.Diff(after, schema(t, superuser)); diff != "" {
				t.Errorf("schema before (-) and after (+) a revert that failed:\n%s", diff)
			}
			exec(t, superuser, "DELETE FROM lines WHERE item_id = 2")
			if _, err := revert.Down(t.Context(), owner, dev, dir, revert.DownOptions{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, schema(t, superuser)); diff != "" {
				t.Errorf("schema before the file (-) and after the revert (+):\n%s", diff)
			}
		})
	}
}

// A run that was stopped has left tables whose owner sees all rows.
func TestDownGoesOnWhereTheOwnerSeesAllRows(t *testing.T) {
	t.Parallel()
	dir := directory(t, forced, unreferenced["of both"])
	before := schema(t, applied(t, directory(t, forced)))
	dev := migratortest.Server(t)
	plans, err := revert.Down(t.Context(), applied(t, dir), dev, dir, revert.DownOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	prepared := plans[0].Revert.Statements[:plans[0].Revert.Outside]
	if len(prepared) != 6 {
		t.Fatalf("statements outside of a transaction = %q, want two around two before and after", prepared)
	}
	for stopped := range len(prepared) + 1 {
		t.Run(fmt.Sprintf("stopped after %d statements", stopped), func(t *testing.T) {
			t.Parallel()
			owner, superuser := owners(t, dir)
			for _, statement := range prepared[:stopped] {
				exec(t, owner, statement)
			}
			if _, err := revert.Down(t.Context(), owner, dev, dir, revert.DownOptions{}); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(before, schema(t, superuser)); diff != "" {
				t.Errorf("schema before (-) and after (+):\n%s", diff)
			}
		})
	}
	t.Run("but not where somebody else let it", func(t *testing.T) {
		t.Parallel()
		owner, _ := owners(t, dir)
		exec(t, owner, "ALTER TABLE items NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
		_, err := revert.Down(t.Context(), owner, dev, dir, revert.DownOptions{})
		if _, drift := errors.AsType[*migration.DriftError](err); !drift {
			t.Errorf("error = %v, want a drift", err)
		}
	})
}
