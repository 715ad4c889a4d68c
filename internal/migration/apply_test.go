package migration_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	entmigrate "commitment/ent/migrate"
	"commitment/internal/logtest"
	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

const (
	createA = "CREATE TABLE a (id int);\n"
	createB = "CREATE TABLE b (id int);\n"
)

func TestApply(t *testing.T) {
	t.Parallel()

	t.Run("runs every file in order and records it", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		revs := apply(t, db, files(t, "1_a.sql", createA, "2_b.sql", "ALTER TABLE a ADD COLUMN n int;\n"+createB))
		if diff := cmp.Diff([]string{"1", "2"}, versions(revs)); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a", "atlas_schema_revisions", "b"}, tables(t, db)); diff != "" {
			t.Errorf("tables (-want +got):\n%s", diff)
		}
	})

	t.Run("runs the embedded migrations", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		apply(t, db, embedded(t))
		want := []string{"atlas_schema_revisions"}
		for _, table := range entmigrate.Tables {
			want = append(want, table.Name)
		}
		have := tables(t, db) // those that schemas declare, too
		for _, name := range want {
			if !slices.Contains(have, name) {
				t.Errorf("tables = %v, want %s among them", have, name)
			}
		}
	})

	t.Run("finds nothing to do the second time", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		apply(t, db, embedded(t))
		if revs := apply(t, db, embedded(t)); len(revs) != 0 {
			t.Errorf("applied = %v, want none", versions(revs))
		}
	})

	t.Run("leaves nothing of a migration's settings on the pool", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		db.SetMaxOpenConns(1)
		apply(t, db, files(t, "1_a.sql", "SET search_path = pg_catalog;\n"))
		if got := queryStrings(t, db, "SHOW search_path"); got[0] == "pg_catalog" {
			t.Errorf("search_path = %s, want the server's", got[0])
		}
	})

	t.Run("records in the schema that the connection is in", func(t *testing.T) {
		t.Parallel()
		url := pgtest.EmptyURL(t)
		public := pgtest.Open(t, url)
		apply(t, public, files(t, "1_a.sql", createA))
		exec(t, public, "CREATE SCHEMA app")
		app := pgtest.Open(t, withSetting(t, url, "search_path", "app,public"))
		before, err := migration.ReadStatus(t.Context(), app, files(t, "1_a.sql", createA))
		if err != nil {
			t.Fatal(err)
		}
		if before.Current() != "" {
			t.Errorf("current before = %q, want none", before.Current())
		}
		apply(t, app, files(t, "1_a.sql", createA))
		if got := queryStrings(t, public, "SELECT version FROM app.atlas_schema_revisions"); !cmp.Equal(got, []string{"1"}) {
			t.Errorf("revisions in app = %v, want [1]", got)
		}
	})
}

func TestApplyTogether(t *testing.T) {
	t.Parallel()

	t.Run("lets one of several instances work and the others find nothing", func(t *testing.T) {
		t.Parallel()
		const instances = 4
		url := pgtest.EmptyURL(t)
		dir := files(t, "1_a.sql", createA, "2_b.sql", createB)
		var (
			wg      sync.WaitGroup
			applied [instances]int
			errs    [instances]error
		)
		for i := range instances {
			db := pgtest.Open(t, url)
			wg.Go(func() {
				revs, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
				applied[i], errs[i] = len(revs), err
			})
		}
		wg.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, n := range applied {
			sum += n
		}
		if sum != 2 {
			t.Errorf("applied by all = %d, want 2", sum)
		}
	})

	t.Run("waits for whoever holds Atlas's lock, and says so", func(t *testing.T) {
		t.Parallel()
		url := pgtest.EmptyURL(t)
		unlock := atlasLock(t, url)
		var log bytes.Buffer
		_, err := migration.Apply(t.Context(), pgtest.Open(t, url), files(t, "1_a.sql", createA), migration.ApplyOptions{
			Log: slog.New(slog.NewTextHandler(&log, nil)), LockTimeout: time.Millisecond,
		})
		if !errors.Is(err, migration.ErrLocked) {
			t.Errorf("error = %v, want %v", err, migration.ErrLocked)
		}
		if !strings.Contains(log.String(), "waiting for another instance") {
			t.Errorf("log = %q, want the wait in it", log.String())
		}
		unlock()
		apply(t, pgtest.Open(t, url), files(t, "1_a.sql", createA))
	})
}

func TestApplyWaitsForWhomItMayNotSee(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	exec(t, pgtest.Open(t, url), "REVOKE SELECT ON pg_stat_activity FROM public")
	atlasLock(t, url)
	_, err := migration.Apply(t.Context(), pgtest.Open(t, asMigrator(t, url)), files(t, "1_a.sql", createA),
		migration.ApplyOptions{LockTimeout: time.Millisecond})
	if !errors.Is(err, migration.ErrLocked) {
		t.Errorf("error = %v, want %v", err, migration.ErrLocked)
	}
}

func TestApplyCanceled(t *testing.T) {
	t.Parallel()

	t.Run("stops waiting when its context ends", func(t *testing.T) {
		t.Parallel()
		url := pgtest.EmptyURL(t)
		atlasLock(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		db, dir := pgtest.Open(t, url), files(t, "1_a.sql", createA)
		var log logtest.Buffer
		done := make(chan error, 1)
		go func() {
			_, err := migration.Apply(ctx, db, dir, migration.ApplyOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
			done <- err
		}()
		log.WaitFor(t, "waiting for another instance")
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want %v", err, context.Canceled)
		}
	})

	t.Run("gives up a statement and the lock when its context ends", func(t *testing.T) {
		t.Parallel()
		url := pgtest.EmptyURL(t)
		watch := pgtest.Open(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1)
		db := pgtest.Open(t, url)
		slow := files(t, "1_a.sql", createA+"SELECT pg_sleep(600);\n")
		go func() {
			_, err := migration.Apply(ctx, db, slow, migration.ApplyOptions{})
			done <- err
		}()
		eventually(t, watch, `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event = 'PgSleep')`)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want %v", err, context.Canceled)
		}
		apply(t, watch, files(t, "1_a.sql", createA))
	})
}

func TestApplyFailure(t *testing.T) {
	t.Parallel()
	const broken, fixed = createB + "\n-- The table's name is wrong.\nALTER TABLE nowhere\n  ADD COLUMN n int;\n",
		createB + "\nALTER TABLE a ADD COLUMN n int;\n"

	t.Run("names file, line, statement and SQLSTATE", func(t *testing.T) {
		t.Parallel()
		_, err := migration.Apply(t.Context(), emptyDB(t), files(t, "1_broken.sql", broken), migration.ApplyOptions{})
		const want = `1_broken.sql:4: ERROR: relation "nowhere" does not exist (SQLSTATE 42P01): ALTER TABLE nowhere …`
		if err == nil || err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "42P01" {
			t.Errorf("cause = %v, want a PgError with 42P01", pgErr)
		}
	})

	t.Run("leaves nothing of the file, keeps those before it, and runs the fixed file", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		revs, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", createA, "2_b.sql", broken), migration.ApplyOptions{})
		if err == nil {
			t.Fatal("error = nil, want one")
		}
		if diff := cmp.Diff([]string{"1"}, versions(revs)); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a", "atlas_schema_revisions"}, tables(t, db)); diff != "" {
			t.Errorf("tables (-want +got):\n%s", diff)
		}
		revs = apply(t, db, files(t, "1_a.sql", createA, "2_b.sql", fixed))
		if diff := cmp.Diff([]string{"2"}, versions(revs)); diff != "" {
			t.Errorf("applied then (-want +got):\n%s", diff)
		}
	})

	t.Run("goes on at the failed statement of a file without a transaction", func(t *testing.T) {
		t.Parallel()
		const none = "-- atlas:txmode none\n\n"
		db := emptyDB(t)
		dir := files(t, "1_a.sql", createA, "2_b.sql", none+broken)
		if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{}); err == nil {
			t.Fatal("error = nil, want one")
		}
		got := queryStrings(t, db, `SELECT concat_ws(' ', applied, total, error_stmt <> '', jsonb_array_length(partial_hashes))
			FROM atlas_schema_revisions WHERE version = '2'`)
		if diff := cmp.Diff([]string{"1 2 t 1"}, got); diff != "" {
			t.Errorf("applied, total, error and hashes (-want +got):\n%s", diff)
		}
		revs := apply(t, db, files(t, "1_a.sql", createA, "2_b.sql", none+fixed))
		if len(revs) != 1 || revs[0].Applied != 2 || revs[0].Error != "" {
			t.Errorf("revisions = %+v, want one of two statements without an error", revs)
		}
	})

	t.Run("refuses a file whose applied statements were edited", func(t *testing.T) {
		t.Parallel()
		const none = "-- atlas:txmode none\n\n"
		db := emptyDB(t)
		if _, err := migration.Apply(t.Context(), db, files(t, "1_b.sql", none+broken), migration.ApplyOptions{}); err == nil {
			t.Fatal("error = nil, want one")
		}
		_, err := migration.Apply(t.Context(), db, files(t, "1_b.sql", none+"CREATE TABLE c ();\n"+fixed), migration.ApplyOptions{})
		if _, ok := errors.AsType[migrate.HistoryChangedError](err); !ok {
			t.Errorf("error = %v, want a HistoryChangedError", err)
		}
	})

	t.Run("names the file whose COMMIT fails", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		const deferred = `CREATE TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO a VALUES (1), (1);
`
		_, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", deferred), migration.ApplyOptions{})
		if err == nil || !strings.HasPrefix(err.Error(), "commit 1_a.sql: ") {
			t.Errorf("error = %v, want one of the COMMIT of 1_a.sql", err)
		}
	})
}

func TestApplyWithoutTransaction(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	apply(t, db, files(t,
		"1_a.sql", createA,
		"2_index.sql", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n",
	))
	if got := queryStrings(t, db, "SELECT indexname::text FROM pg_indexes WHERE tablename = 'a'"); !cmp.Equal(got, []string{"a_id"}) {
		t.Errorf("indexes = %v, want [a_id]", got)
	}
}

func TestApplyAndStatusRefuseTheSameFolders(t *testing.T) {
	t.Parallel()

	t.Run("files without an atlas.sum, and says what to do", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		dir := &migrate.MemDir{}
		if err := dir.WriteFile("1_a.sql", []byte(createA)); err != nil {
			t.Fatal(err)
		}
		_, applied := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
		_, read := migration.ReadStatus(t.Context(), db, dir)
		for _, err := range []error{applied, read} {
			if !errors.Is(err, migrate.ErrChecksumNotFound) || !strings.HasPrefix(err.Error(), "there is no atlas.sum, run migrate hash") {
				t.Errorf("error = %v, want one that says what to do", err)
			}
		}
	})

	t.Run("two files of one version, the second of which would never be applied", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		apply(t, db, files(t, "1_a.sql", createA))
		twice := files(t, "1_a.sql", createA, "1_b.sql", createB)
		_, applied := migration.Apply(t.Context(), db, twice, migration.ApplyOptions{})
		_, printed := migration.DryRun(t.Context(), db, twice, migration.ApplyOptions{})
		_, read := migration.ReadStatus(t.Context(), db, twice)
		for _, err := range []error{applied, printed, read} {
			if err == nil || !strings.Contains(err.Error(), "1_a.sql and 1_b.sql have the same version") {
				t.Errorf("error = %v, want one that names both", err)
			}
		}
	})
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()

	t.Run("files that atlas.sum doesn't match, and touches nothing", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		dir := files(t, "1_a.sql", createA)
		if err := dir.WriteFile("1_a.sql", []byte(createB)); err != nil {
			t.Fatal(err)
		}
		_, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
		if !errors.Is(err, migrate.ErrChecksumMismatch) || !strings.Contains(err.Error(), "1_a.sql was edited") {
			t.Errorf("error = %v, want a mismatch that names the file", err)
		}
		if got := tables(t, db); len(got) != 0 {
			t.Errorf("tables = %v, want none", got)
		}
	})

	t.Run("a file behind what was applied", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		apply(t, db, files(t, "1_a.sql", createA, "3_b.sql", createB))
		late := files(t, "1_a.sql", createA, "2_c.sql", "CREATE TABLE c ();\n", "3_b.sql", createB)
		_, err := migration.Apply(t.Context(), db, late, migration.ApplyOptions{})
		behind, ok := errors.AsType[*migrate.HistoryNonLinearError](err)
		if !ok || !strings.HasPrefix(err.Error(), "2_c.sql is older than a file that is applied: run migrate rebase") {
			t.Fatalf("error = %v, want a HistoryNonLinearError that says what to do", err)
		}
		if diff := cmp.Diff([]string{"2_c.sql"}, names(behind.OutOfOrder)); diff != "" {
			t.Errorf("out of order (-want +got):\n%s", diff)
		}
	})

	t.Run("a file before all that was applied", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		apply(t, db, files(t, "2_a.sql", createA))
		early := files(t, "1_b.sql", createB, "2_a.sql", createA)
		_, applied := migration.Apply(t.Context(), db, early, migration.ApplyOptions{})
		_, printed := migration.DryRun(t.Context(), db, early, migration.ApplyOptions{})
		for _, err := range []error{applied, printed} {
			behind, ok := errors.AsType[*migrate.HistoryNonLinearError](err)
			if !ok {
				t.Fatalf("error = %v, want a HistoryNonLinearError", err)
			}
			if diff := cmp.Diff([]string{"1_b.sql"}, names(behind.OutOfOrder)); diff != "" {
				t.Errorf("out of order (-want +got):\n%s", diff)
			}
		}
		exec(t, db, "UPDATE atlas_schema_revisions SET type = 1, applied = 0, total = 0")
		if revs := apply(t, db, early); len(revs) != 0 {
			t.Errorf("applied behind a baseline = %v, want none", versions(revs))
		}
	})

	t.Run("a schema with tables that no migration made", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		exec(t, db, "CREATE TABLE legacy (id int)")
		_, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", createA), migration.ApplyOptions{})
		if !errors.Is(err, migration.ErrNotEmpty) || !strings.Contains(err.Error(), "legacy") {
			t.Errorf("error = %v, want one that names the table", err)
		}
	})

	t.Run("a txmode that it doesn't know, before it runs anything", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		dir := files(t, "1_a.sql", createA, "2_b.sql", "-- atlas:txmode all\n\n"+createB)
		revs, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
		if err == nil || !strings.Contains(err.Error(), "2_b.sql: unknown txmode") {
			t.Errorf("error = %v, want one of the directive of 2_b.sql", err)
		}
		if len(revs) != 0 {
			t.Errorf("applied = %v, want none", versions(revs))
		}
	})
}

func TestRunnable(t *testing.T) {
	t.Parallel()
	for _, copies := range []string{"COPY a (id) FROM STDIN;\n1\n\\.\n", "-- stdin\ncopy public.a from /* why */ stdin with csv;\n"} {
		db, dir := emptyDB(t), files(t, "1_a.sql", createA, "2_a.sql", copies)
		all, err := dir.Files()
		if err != nil {
			t.Fatal(err)
		}
		revs, applied := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{})
		for _, err := range []error{applied, migration.Replay(t.Context(), emptyDB(t), all)} {
			at, ok := errors.AsType[*migration.StatementError](err)
			if !ok || at.File != "2_a.sql" || !strings.Contains(err.Error(), "COPY FROM STDIN") {
				t.Errorf("error = %v, want one of the COPY of 2_a.sql", err)
			}
		}
		if len(revs) != 0 {
			t.Errorf("applied = %v, want none", versions(revs))
		}
	}
	for _, other := range []string{"INSERT INTO a VALUES ('COPY a FROM STDIN');", "COPY a FROM '/tmp/stdin';", "COPY stdin TO '/tmp/a';"} {
		if err := migration.CheckRunnable(migrate.NewLocalFile("1_a.sql", []byte(other))); err != nil {
			t.Errorf("%s: %v", other, err)
		}
	}
}

func TestApplyNeedsNoRightWhereNothingIsToDo(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	dir := files(t, "1_a.sql", createA)
	apply(t, pgtest.Open(t, url), dir)
	apply(t, pgtest.Open(t, withSetting(t, url, "default_transaction_read_only", "on")), dir)
}

// atlasLock takes the lock as the Atlas CLI does; the returned function, like
// the test's end, releases it.
func atlasLock(t *testing.T, url string) func() {
	t.Helper()
	drv, err := postgres.Open(pgtest.Open(t, url))
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := drv.Lock(context.WithoutCancel(t.Context()), "atlas_migrate_execute", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	release := sync.OnceFunc(func() {
		if err := unlock(); err != nil {
			t.Errorf("unlock: %v", err)
		}
	})
	t.Cleanup(release)
	return release
}
