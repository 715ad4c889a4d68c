package revert_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/pgtest"
)

func directory(t *testing.T, contents ...string) *migrate.MemDir {
	t.Helper()
	var list []migrate.File
	for i, content := range contents {
		list = append(list, file(string(rune('1'+i))+"_x.sql", content))
	}
	dir := &migrate.MemDir{}
	if err := dir.CopyFiles(list); err != nil {
		t.Fatal(err)
	}
	return dir
}

func applied(t *testing.T, dir migrate.Dir) *sql.DB {
	t.Helper()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	apply(t, db, dir)
	return db
}

func apply(t *testing.T, db *sql.DB, dir migrate.Dir) []*migrate.Revision {
	t.Helper()
	revs, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return revs
}

func exec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func schema(t *testing.T, db *sql.DB) []catalog.Object {
	t.Helper()
	s, err := catalog.Read(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s.Objects()
}

func current(t *testing.T, db *sql.DB, dir migrate.Dir) string {
	t.Helper()
	s, err := migration.ReadStatus(t.Context(), db, dir)
	if err != nil {
		t.Fatal(err)
	}
	return s.Current()
}

const (
	makeIndex = `CREATE INDEX by_name ON users (name)`
	dropIndex = `DROP INDEX by_name; ALTER TABLE users ALTER name DROP NOT NULL`
	addColumn = `ALTER TABLE users ADD nick varchar`
	changeAll = `UPDATE users SET name = 'x'`
)

func TestDownTakesBackTheNewestFile(t *testing.T) {
	t.Parallel()
	dir := directory(t, users, makeIndex)
	db := applied(t, directory(t, users))
	before := schema(t, db)
	apply(t, db, dir)
	after := schema(t, db)

	got, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, revert.DownOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []revert.Reverted{{File: "2_x.sql", Version: "2", Done: true, Revert: revert.Plan{
		Grade: revert.Lossless, Statements: []string{`DROP INDEX CONCURRENTLY "by_name"`}, Outside: 1, Undo: []string{""}, Replayed: true,
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reverted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, schema(t, db)); diff != "" {
		t.Errorf("schema before the file (-) and after the way back (+):\n%s", diff)
	}
	if v := current(t, db, dir); v != "1" {
		t.Errorf("version = %q, want 1", v)
	}
	if n := len(apply(t, db, dir)); n != 1 {
		t.Errorf("files applied again = %d, want 1", n)
	}
	if diff := cmp.Diff(after, schema(t, db)); diff != "" {
		t.Errorf("schema after the file (-) and after the file again (+):\n%s", diff)
	}
}

func TestDownToAVersionKeepsTheRowsThatStay(t *testing.T) {
	t.Parallel()
	dir := directory(t, users, makeIndex, dropIndex, addColumn, `ALTER TABLE users DROP name`)
	db := applied(t, dir)
	exec(t, db, "INSERT INTO users (nick) SELECT 'user ' || n FROM generate_series(1, 100) n")
	got, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, revert.DownOptions{To: "1", AllowLoss: true})
	// The name comes back empty, and the first file's column can't be.
	if err == nil || len(got) != 4 || !got[0].Done || !got[1].Done || got[2].Done {
		t.Errorf("Down = %+v, %v, want two files reverted and an error", got, err)
	}
	exec(t, db, "UPDATE users SET name = 'x'")
	got, err = revert.Down(t.Context(), db, migratortest.Server(t), dir, revert.DownOptions{To: "1", AllowLoss: true})
	if err != nil || len(got) != 2 {
		t.Errorf("Down = %+v, %v, want the other two reverted", got, err)
	}
	if diff := cmp.Diff(schema(t, applied(t, directory(t, users))), schema(t, db)); diff != "" {
		t.Errorf("schema of the first file (-) and after the way back (+):\n%s", diff)
	}
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM users").Scan(&n); err != nil || n != 100 {
		t.Errorf("rows = %d, %v, want 100", n, err)
	}
}

func TestDownFillsARequiredColumn(t *testing.T) {
	t.Parallel()
	dir := directory(t, users, `ALTER TABLE users DROP name`)
	db := applied(t, dir)
	exec(t, db, "INSERT INTO users DEFAULT VALUES")
	if _, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, revert.DownOptions{AllowLoss: true}); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := db.QueryRowContext(t.Context(), "SELECT name FROM users").Scan(&name); err != nil || name != "" {
		t.Errorf("name = %q, %v, want it empty", name, err)
	}
}

func TestDownGoesOnWhereItWasStopped(t *testing.T) {
	t.Parallel()
	dir := directory(t, users+makeIndex, dropIndex)
	db := applied(t, dir)
	dev := migratortest.Server(t)
	ways, err := revert.Down(t.Context(), db, dev, dir, revert.DownOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	r := ways[0].Revert
	if r.Outside != 3 {
		t.Fatalf("statements outside of a transaction = %d, want 3", r.Outside)
	}
	exec(t, db, r.Statements[0])
	got, err := revert.Down(t.Context(), db, dev, dir, revert.DownOptions{})
	if err != nil || !got[0].Done {
		t.Errorf("Down = %+v, %v, want it done", got, err)
	}
}

// A run that was stopped has left the check that it had added.
func TestDownGoesOnWithAConstraintThatItAdded(t *testing.T) {
	t.Parallel()
	const checked = users + `CREATE TABLE pets (owner bigint CONSTRAINT owner REFERENCES users, CONSTRAINT filled CHECK (owner > 0));`
	dir := directory(t, checked, `ALTER TABLE users ALTER name DROP NOT NULL; ALTER TABLE pets DROP CONSTRAINT owner, DROP CONSTRAINT filled`)
	before := schema(t, applied(t, directory(t, checked)))
	dev := migratortest.Server(t)
	plans, err := revert.Down(t.Context(), applied(t, dir), dev, dir, revert.DownOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	prepared := plans[0].Revert.Statements[:plans[0].Revert.Outside]
	if len(prepared) != 6 {
		t.Fatalf("statements outside of a transaction = %q, want three constraints added and validated", prepared)
	}
	for stopped := range len(prepared) + 1 {
		t.Run(fmt.Sprintf("stopped after %d statements", stopped), func(t *testing.T) {
			t.Parallel()
			db := applied(t, dir)
			for _, statement := range prepared[:stopped] {
				exec(t, db, statement)
			}
			if _, err := revert.Down(t.Context(), db, dev, dir, revert.DownOptions{}); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(before, schema(t, db)); diff != "" {
				t.Errorf("schema before (-) and after (+):\n%s", diff)
			}
		})
	}
}

// A role that the files don't know has privileges that an administrator granted, and
// owns a view and a function.
func TestDownKeepsWhatAnAdministratorGave(t *testing.T) {
	t.Parallel()
	const view = "CREATE VIEW names AS SELECT name FROM users; GRANT SELECT ON names TO pg_monitor; COMMENT ON VIEW names IS 'all'; CREATE VIEW other AS SELECT id FROM users;"
	const total = "CREATE FUNCTION total() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(w) FROM boxes; END; "
	dir := directory(t, users+view+"CREATE TABLE boxes (w int); "+total, "DROP FUNCTION total(); ALTER TABLE boxes ALTER w TYPE bigint; "+total+`CREATE OR REPLACE VIEW names AS SELECT name, id FROM users; ALTER TABLE users ADD note text; GRANT DELETE ON names TO pg_monitor`)
	db := applied(t, dir)
	exec(t, db, "GRANT SELECT, INSERT ON names TO pg_read_all_stats; GRANT SELECT ON other TO pg_read_all_stats; ALTER VIEW names OWNER TO pg_monitor; GRANT EXECUTE ON FUNCTION total() TO pg_read_all_stats; ALTER FUNCTION total() OWNER TO pg_monitor")
	const privileges = `SELECT (SELECT concat_ws(' ', proowner::regrole, (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(proacl) x)) FROM pg_proc WHERE proname = 'total')
		|| string_agg(concat_ws(' ', c.relname, c.relowner::regrole, c.relacl, obj_description(c.oid)), '; ' ORDER BY c.relname)
		FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace`
	want := query(t, db, privileges)
	got, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, revert.DownOptions{AllowLoss: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"function total()", "view names"}, got[0].Revert.Recreated); diff != "" {
		t.Errorf("recreated (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, query(t, db, privileges)); diff != "" {
		t.Errorf("views before (-) and after (+) the revert:\n%s", diff)
	}
	if changes, err := migration.Drift(t.Context(), db, pgtest.Open(t, pgtest.EmptyURL(t)), dir, nil); err != nil || len(changes) > 0 {
		t.Errorf("drift = %v, %v, want none", changes, err)
	}
}

func query(t *testing.T, db *sql.DB, statement string) (text string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), statement).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDownOnlySaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	dir := directory(t, users, addColumn)
	db := applied(t, dir)
	before := schema(t, db)
	got, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, revert.DownOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Done || len(got[0].Revert.Statements) == 0 {
		t.Errorf("reverted = %+v, want a way that wasn't gone", got)
	}
	if diff := cmp.Diff(before, schema(t, db)); diff != "" || current(t, db, dir) != "2" {
		t.Errorf("the database was changed:\n%s", diff)
	}
}

func TestDownRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		files   []string
		spoil   string // done to the database first
		options revert.DownOptions
		want    error // nil for any
	}{
		{"to lose what it isn't allowed to", []string{users, addColumn}, "", revert.DownOptions{}, revert.ErrLossy},
		{"what is impossible, whatever is allowed", []string{users, changeAll}, "", revert.DownOptions{AllowLoss: true}, revert.ErrImpossible},
		{"all when one is impossible", []string{users, changeAll, makeIndex}, "", revert.DownOptions{Count: 2}, revert.ErrImpossible},
		{"a file that was applied in part", []string{users, makeIndex}, "UPDATE atlas_schema_revisions SET applied = 0 WHERE version = '2'", revert.DownOptions{}, revert.ErrImpossible},
		{"a file that isn't the one that was applied", []string{users, makeIndex}, "UPDATE atlas_schema_revisions SET hash = 'x' WHERE version = '2'", revert.DownOptions{}, revert.ErrImpossible},
		{"a file that was only recorded", []string{users, makeIndex}, "UPDATE atlas_schema_revisions SET type = 1 WHERE version = '2'", revert.DownOptions{}, revert.ErrImpossible},
		{"a file that is gone", []string{users, makeIndex}, "UPDATE atlas_schema_revisions SET version = '3' WHERE version = '2'", revert.DownOptions{}, revert.ErrImpossible},
		{"more files than there are", []string{users, makeIndex}, "", revert.DownOptions{Count: 3}, nil},
		{"a version that was not applied", []string{users, makeIndex}, "", revert.DownOptions{To: "0"}, nil},
		{"a way that the rows don't allow", []string{users, `ALTER TABLE users ALTER name TYPE text`}, "INSERT INTO users (name) VALUES (repeat('x', 100))", revert.DownOptions{}, nil},
		{"a constraint that rows violate", []string{users + `ALTER TABLE users ADD CONSTRAINT short CHECK (length(name) < 5), ADD UNIQUE (name);`,
			`ALTER TABLE users DROP CONSTRAINT short, DROP CONSTRAINT users_name_key`}, "INSERT INTO users (name) VALUES ('too long')", revert.DownOptions{}, nil},
		{"a unique index that rows violate", []string{users + `CREATE UNIQUE INDEX i ON users (name)`, `DROP INDEX i`}, "INSERT INTO users (name) VALUES ('x'), ('x')", revert.DownOptions{}, nil},
		{"an enum's value, which no rule takes back", []string{`CREATE TYPE mood AS ENUM ('glad')`, `ALTER TYPE mood ADD VALUE 'sad'`}, "", revert.DownOptions{AllowLoss: true}, revert.ErrImpossible},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := directory(t, tt.files...)
			db := applied(t, dir)
			if tt.spoil != "" {
				exec(t, db, tt.spoil)
			}
			before, version := schema(t, db), current(t, db, dir)
			_, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, tt.options)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("Down = %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(before, schema(t, db)); diff != "" || current(t, db, dir) != version {
				t.Errorf("the database was changed:\n%s", diff)
			}
		})
	}
}

func TestDownWaitsForTheLock(t *testing.T) {
	t.Parallel()
	dir := directory(t, users, makeIndex)
	db := applied(t, dir)
	holder, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	const atlas = 2686470616 // FNV-32 of atlas_migrate_execute
	if _, err := holder.ExecContext(t.Context(), "SELECT pg_advisory_lock($1)", atlas); err != nil {
		t.Fatal(err)
	}
	o := revert.DownOptions{Apply: migration.ApplyOptions{LockTimeout: time.Millisecond}}
	if _, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, o); !errors.Is(err, migration.ErrLocked) {
		t.Errorf("Down = %v, want %v", err, migration.ErrLocked)
	}
}

func TestDownOfNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	_, err := revert.Down(t.Context(), db, migratortest.Server(t), directory(t, users), revert.DownOptions{Count: 1})
	if want := "nothing to revert: no files are applied"; err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestDownThatFailedKeepsNobodyFromApplying(t *testing.T) {
	t.Parallel()
	dir := directory(t, users+makeIndex+";", dropIndex)
	db := applied(t, dir)
	exec(t, db, "INSERT INTO users (name) VALUES (NULL)")
	if _, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, revert.DownOptions{}); err == nil {
		t.Fatal("error = nil, want one of the row without a name")
	}
	apply(t, db, directory(t, users+makeIndex+";", dropIndex, addColumn))
}
