package migration_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/logtest"
	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

const none = "-- atlas:txmode none\n\n"

// holding opens a transaction that has read a table, under a name of its own.
func holding(t *testing.T, url, table string) *sql.Tx {
	t.Helper()
	db := pgtest.Open(t, withSetting(t, url, "application_name", "report"))
	tx, err := db.BeginTx(context.WithoutCancel(t.Context()), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() }) // the test may have ended it
	if _, err := tx.ExecContext(t.Context(), "SELECT FROM "+table); err != nil {
		t.Fatal(err)
	}
	return tx
}

func TestApplyWaitsForLocks(t *testing.T) {
	t.Parallel()
	const change = "ALTER TABLE a ADD COLUMN n int;\n"
	for _, mode := range []struct{ name, directive string }{{"a file in a transaction", ""}, {"a file without", none}} {
		dir := files(t, "1_a.sql", createA, "2_n.sql", mode.directive+createB+change)

		t.Run("tries "+mode.name+" again until the lock is free", func(t *testing.T) {
			t.Parallel()
			url := pgtest.EmptyURL(t)
			db := pgtest.Open(t, url)
			apply(t, db, files(t, "1_a.sql", createA))
			reader := holding(t, url, "a")
			var log logtest.Buffer
			release := onMessage{slog.NewTextHandler(&log, nil), "retrying", sync.OnceFunc(func() { _ = reader.Rollback() })}
			revs, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{Log: slog.New(release), TableLockTimeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			if len(revs) != 1 || revs[0].Applied != 2 || revs[0].Error != "" {
				t.Errorf("revisions = %+v, want one of two statements", revs)
			}
			if !strings.Contains(log.String(), "report") {
				t.Errorf("log = %s, want who was in the way", log.String())
			}
		})

		t.Run("gives "+mode.name+" up in time, and says who was in the way", func(t *testing.T) {
			t.Parallel()
			url := pgtest.EmptyURL(t)
			db := pgtest.Open(t, url)
			apply(t, db, files(t, "1_a.sql", createA))
			holding(t, url, "a")
			_, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{TableLockTimeout: time.Second, TableLockWait: time.Nanosecond})
			var (
				blocked *migration.BlockedError
				at      *migration.StatementError
			)
			if !errors.As(err, &blocked) || !errors.As(err, &at) {
				t.Fatalf("error = %v, want a BlockedError in a StatementError", err)
			}
			if at.File != "2_n.sql" || at.SQL != "ALTER TABLE a ADD COLUMN n int;" {
				t.Errorf("statement = %s of %s, want the ALTER TABLE of 2_n.sql", at.SQL, at.File)
			}
			if len(blocked.Blockers) != 1 {
				t.Fatalf("blockers = %v, want one", blocked.Blockers)
			}
			b := blocked.Blockers[0]
			if b.Application != "report" || b.State != "idle in transaction" || b.Query != "SELECT FROM a" || b.PID == 0 || b.User == "" || b.Open <= 0 {
				t.Errorf("blocker = %+v, want the reader's session", b)
			}
		})
	}
}

func TestApplyRetriesRevision(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	db := pgtest.Open(t, url)
	apply(t, db, files(t, "1_a.sql", createA))
	// What the transaction of a killed program holds until the server notices.
	dead, err := pgtest.Open(t, url).BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dead.Rollback() }) // it ends earlier
	if _, err := dead.ExecContext(t.Context(), `INSERT INTO atlas_schema_revisions
		(version, description, executed_at, execution_time, hash, operator_version) VALUES ('2', 'b', now(), 0, '', 'commitment')`); err != nil {
		t.Fatal(err)
	}
	end := onMessage{slog.DiscardHandler, "retrying", sync.OnceFunc(func() { _ = dead.Rollback() })}
	_, err = migration.Apply(t.Context(), db, files(t, "1_a.sql", createA, "2_b.sql", createB),
		migration.ApplyOptions{Log: slog.New(end), TableLockTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Error(err)
	}
}

// settings is a file that keeps the two timeouts of each of its statements.
const settings = "INSERT INTO kept SELECT current_setting('lock_timeout') || ' ' || current_setting('statement_timeout');\n"

func TestApplySetsTimeouts(t *testing.T) {
	t.Parallel()
	const (
		// keep is called by whatever adds a column to the one row of seed.
		setup = "CREATE TABLE kept (line text);\nCREATE TABLE seed (id int);\nINSERT INTO seed VALUES (1);\n" +
			`CREATE FUNCTION keep() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO kept VALUES (current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')); RETURN 1; END $$;` + "\n"
		strong = "ALTER TABLE seed ADD COLUMN %s int DEFAULT keep();\n"
	)
	column := func(name string) string { return strings.Replace(strong, "%s", name, 1) }
	tests := []struct {
		name, file string
		want       []string
	}{
		{"for rows a lock's alone", settings, []string{"3s 0"}},
		{"for a change of the schema both", column("n"), []string{"3s 1min"}},
		{"for each statement its own", column("n") + settings + column("m"), []string{"3s 1min", "3s 0", "3s 1min"}},
		{"outside a transaction too", none + column("n") + settings, []string{"3s 1min", "3s 0"}},
		{"behind the file's own COMMIT too", column("n") + "COMMIT;\n" + column("m"), []string{"3s 1min", "3s 1min"}},
		{"but not where the file has set one", settings + "SET lock_timeout = '7s';\n" + settings + column("n"), []string{"3s 0", "7s 0", "7s 1min"}},
		{"nor where it has set both outside a transaction", none + "SET lock_timeout = '7s';\nSET statement_timeout = '9s';\n" + column("n") + settings,
			[]string{"7s 9s", "7s 9s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := emptyDB(t)
			o := migration.ApplyOptions{TableLockTimeout: 3 * time.Second, StatementTimeout: time.Minute}
			if _, err := migration.Apply(t.Context(), db, files(t, "1_kept.sql", setup, "2_test.sql", tt.file), o); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, queryStrings(t, db, "SELECT line FROM kept")); diff != "" {
				t.Errorf("lock_timeout and statement_timeout (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyResumesWithItsSettings(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	const head = none + "CREATE TABLE kept (line text);\nSET lock_timeout = '7s';\nSET search_path = public, pg_catalog;\n"
	if _, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", head+"SELECT nothing;\n"), migration.ApplyOptions{}); err == nil {
		t.Fatal("error = nil, want one")
	}
	apply(t, db, files(t, "1_a.sql", head+settings+"INSERT INTO kept VALUES (current_setting('search_path'));\n"))
	if diff := cmp.Diff([]string{"7s 0", "public, pg_catalog"}, queryStrings(t, db, "SELECT line FROM kept")); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestApplyStopsSlowStatement(t *testing.T) {
	t.Parallel()
	slow := files(t, "1_a.sql", "CREATE TABLE a AS SELECT 1 AS id FROM pg_sleep(600);\n")
	_, err := migration.Apply(t.Context(), emptyDB(t), slow, migration.ApplyOptions{StatementTimeout: 50 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "57014") {
		t.Errorf("error = %v, want query_canceled", err)
	}
}
