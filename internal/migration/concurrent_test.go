package migration_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/logtest"
	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

const buildUnique = none + "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_id ON a (id);\n"

// validity lists the indexes of a with whether they are valid.
func validity(t *testing.T, db *sql.DB) []string {
	t.Helper()
	return queryStrings(t, db, `SELECT indexrelid::regclass || ' ' || indisvalid FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1`)
}

func TestApplyRepairsIndex(t *testing.T) {
	t.Parallel()

	t.Run("drops the invalid one that its failed build left, and says so", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		dir := files(t, "1_a.sql", createA+"INSERT INTO a VALUES (1), (1);\n", "2_index.sql", buildUnique)
		_, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "23505" {
			t.Fatalf("error = %v, want a unique violation", err)
		}
		if diff := cmp.Diff([]string{"a_id false"}, validity(t, db)); diff != "" {
			t.Fatalf("indexes (-want +got):\n%s", diff)
		}
		exec(t, db, "TRUNCATE a")
		var log logtest.Buffer
		if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{Log: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a_id true"}, validity(t, db)); diff != "" {
			t.Errorf("indexes then (-want +got):\n%s", diff)
		}
		if !strings.Contains(log.String(), "dropping the invalid index") {
			t.Errorf("log = %s, want the drop in it", log.String())
		}
	})

	t.Run("leaves a valid one alone", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		apply(t, db, files(t, "1_a.sql", createA+"CREATE INDEX a_id ON a (id);\n"))
		other := none + "CREATE INDEX CONCURRENTLY a_id ON a ((id + 1));\n"
		_, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", createA+"CREATE INDEX a_id ON a (id);\n", "2_i.sql", other), migration.ApplyOptions{})
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "42P07" {
			t.Errorf("error = %v, want that it exists", err)
		}
		if diff := cmp.Diff([]string{"a_id true"}, validity(t, db)); diff != "" {
			t.Errorf("indexes (-want +got):\n%s", diff)
		}
	})

	t.Run("leaves the index of another table alone", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		first := createA + createB + "INSERT INTO a VALUES (1), (1);\n"
		apply(t, db, files(t, "1_a.sql", first))
		if _, err := db.ExecContext(t.Context(), "CREATE UNIQUE INDEX CONCURRENTLY taken ON a (id)"); err == nil {
			t.Fatal("error = nil, want a unique violation")
		}
		dir := files(t, "1_a.sql", first, "2_i.sql", none+"CREATE INDEX CONCURRENTLY taken ON b (id);\n")
		if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{AllowDrift: true}); err == nil {
			t.Error("error = nil, want that the name is taken")
		}
		if diff := cmp.Diff([]string{"taken false"}, validity(t, db)); diff != "" {
			t.Errorf("indexes (-want +got):\n%s", diff)
		}
	})
}

func TestApplyRepairsReindex(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{"REINDEX INDEX CONCURRENTLY a_id;\n", "REINDEX (CONCURRENTLY) TABLE public.a;\n"} {
		url := pgtest.EmptyURL(t)
		db := pgtest.Open(t, url)
		first := createA + "CREATE INDEX a_id ON a (id);\n"
		apply(t, db, files(t, "1_a.sql", first))
		reader := holding(t, url, "a")
		impatient := pgtest.Open(t, withSetting(t, url, "lock_timeout", "100ms"))
		if _, err := impatient.ExecContext(t.Context(), "REINDEX INDEX CONCURRENTLY a_id"); err == nil {
			t.Fatal("error = nil, want a lock's timeout")
		}
		if err := reader.Rollback(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a_id true", "a_id_ccnew false"}, validity(t, db)); diff != "" {
			t.Fatalf("indexes (-want +got):\n%s", diff)
		}
		dir := files(t, "1_a.sql", first, "2_a.sql", none+statement)
		if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{AllowDrift: true}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a_id true"}, validity(t, db)); diff != "" {
			t.Errorf("indexes after %s (-want +got):\n%s", statement, diff)
		}
	}
}

// unrecorded puts a file into the state in which a program was killed after the
// file was begun.
func unrecorded(t *testing.T, db *sql.DB, dir *migrate.MemDir, done string) {
	t.Helper()
	all, err := dir.Files()
	if err != nil {
		t.Fatal(err)
	}
	apply(t, db, files(t, all[0].Name(), string(all[0].Bytes())))
	exec(t, db, `INSERT INTO atlas_schema_revisions (version, description, total, executed_at, execution_time, hash, operator_version)
		VALUES ('2', 'step', 1, now(), 0, '', 'commitment')`)
	exec(t, db, done)
}

func TestApplyFindsWhatWasNotRecorded(t *testing.T) {
	t.Parallel()
	const table = `CREATE TABLE "A a" (id int, "N" text, c bigint NOT NULL);` + "\n"
	tests := []struct {
		name, setup, done, file string
		fails                   string // an SQLSTATE
	}{
		{"an index that was built", table, `CREATE INDEX i ON "A a" (id)`, `CREATE INDEX CONCURRENTLY i ON "A a" (id);`, ""},
		{"an index that is written in other words", table, `CREATE INDEX i ON "A a" USING btree ((lower("N")) DESC NULLS FIRST, id) INCLUDE (c) WHERE ("A a".c > '5'::bigint)`,
			`create /* why */ index concurrently if not exists "i" on public."A a" (lower("N") desc, id) include (c) where c > 5;`, ""},
		{"not an index on something else", table, `CREATE INDEX i ON "A a" (id)`, `CREATE INDEX CONCURRENTLY i ON "A a" (c);`, "42P07"},
		{"not an index with another predicate", table, `CREATE INDEX i ON "A a" (id) WHERE c > 1`, `CREATE INDEX CONCURRENTLY i ON "A a" (id) WHERE c > 2;`, "42P07"},
		{"not an index that is not unique", table, `CREATE INDEX i ON "A a" (id)`, `CREATE UNIQUE INDEX CONCURRENTLY i ON "A a" (id);`, "42P07"},
		{"an index that was dropped", table + `CREATE INDEX i ON "A a" (id);`, `DROP INDEX i`, `DROP INDEX CONCURRENTLY i;`, ""},
		{"a partition that was detached", "CREATE TABLE p (id int) PARTITION BY LIST (id);\nCREATE TABLE p1 PARTITION OF p DEFAULT;\n",
			"ALTER TABLE p DETACH PARTITION p1", "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := emptyDB(t)
			dir := files(t, "1_a.sql", tt.setup, "2_step.sql", none+tt.file+"\n")
			unrecorded(t, db, dir, tt.done)
			_, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
			if tt.fails != "" {
				if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != tt.fails {
					t.Errorf("error = %v, want %s", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := queryStrings(t, db, "SELECT concat_ws(' ', applied, total, nullif(error, '')) FROM atlas_schema_revisions WHERE version = '2'")
			if diff := cmp.Diff([]string{"1 1"}, got); diff != "" {
				t.Errorf("revision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyRunsAnewWhatWasNeverRun(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	dir := files(t, "1_a.sql", createA, "2_step.sql", none+"DROP INDEX CONCURRENTLY nothing;\n")
	_, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "42704" {
		t.Errorf("error = %v, want that there is no such index", err)
	}
}

func TestApplyFinishesDetach(t *testing.T) {
	t.Parallel()
	const parts = "CREATE TABLE p (id int) PARTITION BY LIST (id);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\nCREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\n"
	for _, tt := range []struct {
		name, file string
		want       []string
	}{
		{"of the same partition", "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\n", []string{"p2"}},
		{"of another before its own", "ALTER TABLE p DETACH PARTITION p2 CONCURRENTLY;\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.EmptyURL(t)
			db := pgtest.Open(t, url)
			apply(t, db, files(t, "1_p.sql", parts))
			reader := holding(t, url, "p")
			impatient := pgtest.Open(t, withSetting(t, url, "lock_timeout", "100ms"))
			if _, err := impatient.ExecContext(t.Context(), "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY"); err == nil {
				t.Fatal("error = nil, want a lock's timeout")
			}
			if err := reader.Rollback(); err != nil {
				t.Fatal(err)
			}
			_, err := migration.Apply(t.Context(), db, files(t, "1_p.sql", parts, "2_p.sql", none+tt.file), migration.ApplyOptions{AllowDrift: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, queryStrings(t, db, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'p'::regclass")); diff != "" {
				t.Errorf("partitions (-want +got):\n%s", diff)
			}
		})
	}
}

// A killed Atlas CLI may leave its statement running and its lock free.
func TestApplyAwaitsTheSameStatement(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	db := pgtest.Open(t, url)
	const build = "CREATE INDEX CONCURRENTLY a_id ON a (id);"
	dir := files(t, "1_a.sql", createA, "2_step.sql", none+build+"\n")
	unrecorded(t, db, dir, "SELECT 1")
	reader := holding(t, url, "a")
	left := pgtest.Open(t, url)
	built := make(chan error, 1)
	go func() {
		_, err := left.ExecContext(context.WithoutCancel(t.Context()), build)
		built <- err
	}()
	eventually(t, db, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
		AND query = '`+build+`' AND wait_event_type = 'Lock')`)
	var log logtest.Buffer
	applied := make(chan error, 1)
	go func() {
		_, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
		applied <- err
	}()
	log.WaitFor(t, "waiting for the same statement")
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-built, <-applied); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a_id true"}, validity(t, db)); diff != "" {
		t.Errorf("indexes (-want +got):\n%s", diff)
	}
}

func TestApplyGoesOnAfterALostConnection(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	db := pgtest.Open(t, url)
	dir := files(t, "1_a.sql", createA, "2_index.sql", buildUnique)
	apply(t, db, files(t, "1_a.sql", createA))
	reader := holding(t, url, "a")
	lost := make(chan error, 1)
	go func() {
		_, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
		lost <- err
	}()
	eventually(t, db, `SELECT coalesce(bool_or(pg_terminate_backend(pid)), false) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'CREATE UNIQUE%' AND wait_event_type = 'Lock'`)
	if err := <-lost; err == nil {
		t.Fatal("error = nil, want one")
	}
	if diff := cmp.Diff([]string{"a_id false"}, validity(t, db)); diff != "" {
		t.Fatalf("indexes (-want +got):\n%s", diff)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	apply(t, db, dir)
	if diff := cmp.Diff([]string{"a_id true"}, validity(t, db)); diff != "" {
		t.Errorf("indexes then (-want +got):\n%s", diff)
	}
}

func TestApplyShowsProgress(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	db := pgtest.Open(t, url)
	const rows = "CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 FROM pg_sleep(0.1)';\nINSERT INTO a SELECT generate_series(1, 20);\n"
	dir := files(t, "1_a.sql", createA+rows, "2_i.sql", none+"CREATE INDEX CONCURRENTLY a_slow ON a (slow(id));\n")
	var log logtest.Buffer
	if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{Log: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "building index") {
		t.Errorf("log = %s, want what the build is at", log.String())
	}
}
