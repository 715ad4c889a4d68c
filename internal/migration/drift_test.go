package migration_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/logtest"
	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/pgtest"
)

func TestApplyLooksForDrift(t *testing.T) {
	t.Parallel()
	both := []string{"1_a.sql", "CREATE TABLE a (id int, n int);\nCREATE INDEX a_n ON a (n);\n", "2_b.sql", createB}
	tests := []struct {
		name, change string
		options      migration.ApplyOptions
		want         []catalog.Change // none: no error
		says         string           // the log
	}{
		{name: "and finds none in what a migration left", change: "INSERT INTO a VALUES (1)"},
		{name: "and refuses what somebody changed, dropped and added",
			change: "ALTER TABLE a ALTER n SET NOT NULL; DROP INDEX a_n; CREATE VIEW v AS SELECT 1 AS one",
			want: []catalog.Change{
				{Kind: catalog.KindColumn, Table: "a", Name: "n", Before: "integer", After: "integer NOT NULL"},
				{Kind: catalog.KindIndex, Table: "a", Name: "a_n", Before: "CREATE INDEX a_n ON a USING btree (n)"},
				{Kind: catalog.KindView, Name: "v", After: "CREATE VIEW v AS\n SELECT 1 AS one;"},
			}},
		{name: "and refuses another comment and rule",
			change: "COMMENT ON COLUMN a.n IS 'number'; CREATE RULE r AS ON DELETE TO a DO INSTEAD NOTHING",
			want: []catalog.Change{
				{Kind: catalog.KindRule, Table: "a", Name: "r of a", After: "CREATE RULE r AS\n    ON DELETE TO a DO INSTEAD NOTHING"},
				{Kind: catalog.KindComment, Table: "a", Name: "COLUMN a.n", After: "COMMENT ON COLUMN a.n IS 'number'"},
			}},
		{name: "and lets an administrator grant", change: "GRANT SELECT ON a TO pg_monitor"},
		{name: "and goes on when it may", change: "DROP INDEX a_n", options: migration.ApplyOptions{AllowDrift: true}, says: "has drifted"},
		{name: "and says that another tool has migrated since", says: "the newest is 1_1",
			change: `DROP INDEX a_n; INSERT INTO atlas_schema_revisions SELECT '1_1', description, type, applied, total, executed_at,
				execution_time, error, error_stmt, hash, partial_hashes, operator_version FROM atlas_schema_revisions`},
		{name: "and says that it has nothing to compare with", change: "DROP INDEX a_n; DROP SCHEMA commitment CASCADE", says: "no snapshot"},
		{name: "and doesn't compare other words", change: "DROP INDEX a_n; UPDATE commitment.schema_snapshots SET server = server - 1", says: "another version"},
		{name: "and doesn't compare another format", says: "another version",
			change: "DROP INDEX a_n; UPDATE commitment.schema_snapshots SET format = 1, objects = '[]'"},
		{name: "and doesn't compare another database's words", says: "a copy of",
			change: `DROP INDEX a_n; UPDATE commitment.schema_snapshots SET objects = jsonb_set(objects, '{Origin}', '"5.7"')`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := emptyDB(t)
			apply(t, db, files(t, both[:2]...))
			exec(t, db, tt.change)
			var log logtest.Buffer
			tt.options.Log = slog.New(slog.NewTextHandler(&log, nil))
			_, err := migration.Apply(t.Context(), db, files(t, both...), tt.options)
			var got []catalog.Change
			if drift, ok := errors.AsType[*migration.DriftError](err); ok {
				got, err = drift.Changes, nil
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if !strings.Contains(log.String(), tt.says) {
				t.Errorf("log = %s, want %q in it", log.String(), tt.says)
			}
		})
	}
}

// What a session has set changes PostgreSQL's words for an expression.
func TestApplyLooksForDriftInTheSameWords(t *testing.T) {
	t.Parallel()
	first := "CREATE TABLE a (t timestamptz DEFAULT '2020-01-01 00:00:00+00', i interval DEFAULT '1 day 2 hours', CHECK (t > '2019-01-01 00:00:00+00'));\n"
	for _, setting := range [][2]string{
		{"timezone", "Europe/Berlin"}, {"datestyle", "German"}, {"intervalstyle", "iso_8601"}, {"quote_all_identifiers", "on"},
	} {
		t.Run(setting[0], func(t *testing.T) {
			t.Parallel()
			url := pgtest.EmptyURL(t)
			apply(t, pgtest.Open(t, url), files(t, "1_a.sql", first))
			db := pgtest.Open(t, withSetting(t, url, setting[0], setting[1]))
			changes, err := migration.Drift(t.Context(), db, emptyDB(t), files(t, "1_a.sql", first), nil)
			if err != nil || len(changes) > 0 {
				t.Errorf("drift = %v, %v, want none", changes, err)
			}
			apply(t, db, files(t, "1_a.sql", first, "2_b.sql", createB))
		})
	}
}

func TestDriftSeesALostPrivilege(t *testing.T) {
	t.Parallel()
	dir := files(t, "1_a.sql", "CREATE TABLE a (id int);\nGRANT SELECT, INSERT ON a TO pg_monitor;\nGRANT SELECT ON a TO PUBLIC;\n")
	db := emptyDB(t)
	apply(t, db, dir)
	exec(t, db, "REVOKE INSERT ON a FROM pg_monitor; GRANT DELETE ON a TO pg_monitor; REVOKE SELECT ON a FROM PUBLIC")
	got, err := migration.Drift(t.Context(), db, emptyDB(t), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.Change{
		{Kind: catalog.KindPrivilege, Table: "a", Name: "INSERT ON TABLE a TO pg_monitor", Before: "GRANT INSERT ON TABLE a TO pg_monitor"},
		{Kind: catalog.KindPrivilege, Table: "a", Name: "SELECT ON TABLE a TO PUBLIC", Before: "GRANT SELECT ON TABLE a TO PUBLIC"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}

func TestPartitionsComeAndGo(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	const parts = "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n" +
		"CREATE TABLE of_p (p_id int REFERENCES p);\n"
	apply(t, db, files(t, "1_p.sql", parts))
	exec(t, db, "ALTER TABLE p DETACH PARTITION p1; DROP TABLE p1; CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); CREATE UNLOGGED TABLE p3 PARTITION OF p FOR VALUES IN (3)")
	changes, err := migration.Drift(t.Context(), db, emptyDB(t), files(t, "1_p.sql", parts), nil)
	if err != nil || len(changes) > 0 {
		t.Errorf("drift = %v, %v, want none", changes, err)
	}
	apply(t, db, files(t, "1_p.sql", parts, "2_b.sql", createB))
	exec(t, db, "ALTER TABLE p2 ALTER id SET DEFAULT 2")
	_, err = migration.Apply(t.Context(), db, files(t, "1_p.sql", parts, "2_b.sql", createB, "3_a.sql", createA), migration.ApplyOptions{})
	if _, ok := errors.AsType[*migration.DriftError](err); !ok {
		t.Errorf("error = %v, want a DriftError for a partition that was there", err)
	}
}

func TestDriftError(t *testing.T) {
	t.Parallel()
	err := &migration.DriftError{Version: "7", Changes: []catalog.Change{
		{Kind: catalog.KindColumn, Table: "a", Name: "n", Before: "integer", After: "bigint"},
		{Kind: catalog.KindIndex, Table: "a", Name: "a_n", Before: "CREATE INDEX a_n"},
		{Kind: catalog.KindView, Name: "v", After: "CREATE VIEW v AS\n SELECT 1;"},
	}}
	const want = `the schema has drifted since migration 7:
  column a.n was integer, is bigint
  index a.a_n was dropped: CREATE INDEX a_n
  view v was added: CREATE VIEW v AS SELECT 1;`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// asMigrator is the URL for a role that may create in the schema public and nothing
// else.
func asMigrator(t *testing.T, url string) string {
	t.Helper()
	admin := pgtest.Open(t, url)
	role := "migrator_" + strings.ToLower(rand.Text())
	exec(t, admin, "CREATE ROLE "+role+"; GRANT CREATE ON SCHEMA public TO "+role)
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Error(err)
		}
	})
	return withSetting(t, url, "role", role)
}

func TestApplyKeepsNoSnapshotWithoutTheRight(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t, asMigrator(t, pgtest.EmptyURL(t)))
	var log logtest.Buffer
	for _, names := range [][]string{{"1_a.sql", createA}, {"1_a.sql", createA, "2_b.sql", createB}} {
		_, err := migration.Apply(t.Context(), db, files(t, names...), migration.ApplyOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(log.String(), "can't save a snapshot of the schema") {
		t.Errorf("log = %s, want that no snapshot is kept", log.String())
	}
}

func TestApplyKeepsSnapshotOfItsOwnSchema(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	apply(t, db, files(t, "1_a.sql", createA+"SET search_path = pg_catalog;\n"))
	got := queryStrings(t, db, "SELECT schema || ' ' || version || ' ' || jsonb_array_length(objects -> 'Objects') FROM commitment.schema_snapshots")
	if diff := cmp.Diff([]string{"public 1 2"}, got); diff != "" {
		t.Errorf("snapshots (-want +got):\n%s", diff)
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	db, dev := emptyDB(t), emptyDB(t)
	dir := files(t, "1_a.sql", createA, "2_b.sql", none+createB+"SELECT nothing;\nCREATE TABLE never ();\n")
	if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{}); err == nil {
		t.Fatal("error = nil, want one")
	}
	exec(t, db, "DROP TABLE a; CREATE SEQUENCE s")
	got, err := migration.Drift(t.Context(), db, dev, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.Change{
		{Kind: catalog.KindSequence, Name: "s", After: "CREATE SEQUENCE s AS bigint INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1"},
		{Kind: catalog.KindTable, Name: "a", Before: "TABLE"},
		{Kind: catalog.KindColumn, Table: "a", Name: "id", Before: "integer"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}
