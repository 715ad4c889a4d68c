package pgtx_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtest"
)

// Who uses the pool as it is leaves nothing behind either.
func TestASessionIsCleanForItsNextUser(t *testing.T) {
	t.Parallel()
	const want = "|0|0"
	for _, left := range []string{
		"SET app.tenant = 'alice'",
		"SELECT set_config('app.tenant', 'alice', false)",
		"DO $$ BEGIN PERFORM set_config('app.tenant', 'alice', false); END $$",
		"CREATE TEMP TABLE left_behind AS SELECT 1",
		"SELECT pg_advisory_lock(1)",
	} {
		db := open(t, pgtest.EmptyURL(t), 1)
		pgtest.Exec(t, db, left)
		got := pgtest.Value[string](t, db, `SELECT concat_ws('|', coalesce(current_setting('app.tenant', true), ''),
			(SELECT count(*) FROM pg_class WHERE relname = 'left_behind'),
			(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()))`)
		if got != want {
			t.Errorf("after %s: session = %q, want %q", left, got, want)
		}
	}
}

// A transaction that its maker has forgotten would keep its locks while its connection
// waits for work.
func TestAConnectionThatIsInUseIsNotKept(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	watcher := open(t, url, 1)
	for name, leave := range map[string]func(*pgx.Conn) error{
		"a transaction": func(conn *pgx.Conn) error { _, err := conn.Exec(t.Context(), "BEGIN"); return err },
		"rows":          func(conn *pgx.Conn) error { _, err := conn.Query(t.Context(), "SELECT 1"); return err }, //nolint:sqlclosecheck,gocritic // that is the point
		"a pipeline":    func(conn *pgx.Conn) error { return conn.PgConn().StartPipeline(t.Context()).Flush() },
	} {
		db := open(t, url, 1)
		conn := pgtest.Session(t, db)
		pid := pgtest.Backend(t, conn)
		if err := conn.Raw(func(c any) error { return leave(c.(interface{ Conn() *pgx.Conn }).Conn()) }); err != nil { //nolint:forcetypeassert // of the pool
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Logf("%s: %v", name, err)
		}
		pgtest.WaitFor(t, "the session with "+name+" ends", func() bool {
			return pgtest.Value[int](t, watcher, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
		})
	}
}
