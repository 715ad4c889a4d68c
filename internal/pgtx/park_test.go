package pgtx_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgbouncer"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtx"
)

// parks has the pool's only connection read in a transaction of a tenant, and parks its
// COMMIT, which no timer sends. It returns the session's process id.
func parks(t *testing.T, db *sql.DB) (pid int) {
	t.Helper()
	o := pgtx.TxOptions{TxOptions: snapshot, Settings: []pgtx.Setting{{Name: "app.tenant", Value: "last"}}}
	for held := false; !held; {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tx, err := pgtx.NewTx(conn, o)
		if err != nil {
			t.Fatal(err)
		}
		pid = pgtest.Backend(t, conn)
		if !tx.Park() {
			t.Fatal("Park() = false, want true")
		}
		held = tx.HoldParked()
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return pid
}

// pgxConn returns the pgx connection of a session.
func pgxConn(t *testing.T, conn *sql.Conn) (pgxConn *pgx.Conn) {
	t.Helper()
	err := conn.Raw(func(c any) error {
		pgxConn = c.(interface{ Conn() *pgx.Conn }).Conn() //nolint:forcetypeassert // of the pool
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pgxConn
}

// seen is what a statement sees of its transaction: the tenant, the access mode, and
// whether its snapshot has a row.
const seen = `SELECT concat_ws('|', coalesce(nullif(current_setting('app.tenant', true), ''), 'nobody'),
	current_setting('transaction_read_only'), (SELECT count(*) FROM work))`

// one scans the one value of pgx's rows.
func one(rows pgx.Rows, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
}

// insertSeen has a statement without results tell what it sees.
const insertSeen = "INSERT INTO told " + seen

// users use a session in each way that pgx knows, without a transaction of NewTx or in one,
// and leave in the table told what the first statement has seen.
var users = map[string]func(context.Context, *sql.Conn, *pgx.Conn) error{
	"Exec": func(ctx context.Context, conn *sql.Conn, _ *pgx.Conn) error {
		_, err := conn.ExecContext(ctx, insertSeen)
		return err
	},
	"Exec with an argument": func(ctx context.Context, conn *sql.Conn, _ *pgx.Conn) error {
		_, err := conn.ExecContext(ctx, insertSeen+" WHERE $1", true)
		return err
	},
	"Query": func(ctx context.Context, conn *sql.Conn, c *pgx.Conn) error {
		told, err := one(c.Query(ctx, seen))
		if err == nil {
			_, err = conn.ExecContext(ctx, "INSERT INTO told VALUES ($1)", told)
		}
		return err
	},
	"Prepare": func(ctx context.Context, conn *sql.Conn, _ *pgx.Conn) error {
		prepared, err := conn.PrepareContext(ctx, insertSeen)
		if err == nil {
			_, err = prepared.ExecContext(ctx)
			err = errors.Join(err, prepared.Close())
		}
		return err
	},
	"Batch": func(ctx context.Context, _ *sql.Conn, c *pgx.Conn) error {
		var batch pgx.Batch
		batch.Queue(insertSeen)
		return c.SendBatch(ctx, &batch).Close()
	},
	"COPY to": func(ctx context.Context, _ *sql.Conn, c *pgx.Conn) error {
		var told strings.Builder
		_, err := c.PgConn().CopyTo(ctx, &told, "COPY ("+seen+") TO STDOUT")
		if err == nil {
			_, err = c.Exec(ctx, "INSERT INTO told VALUES ($1)", strings.TrimSpace(told.String()))
		}
		return err
	},
	"COPY from": func(ctx context.Context, _ *sql.Conn, c *pgx.Conn) error {
		_, err := c.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"told"}, pgx.CopyFromRows([][]any{{""}}))
		return err
	},
	"pipeline": func(ctx context.Context, _ *sql.Conn, c *pgx.Conn) error {
		p := c.PgConn().StartPipeline(ctx)
		p.SendQueryParams(insertSeen, nil, nil, nil, nil)
		return errors.Join(p.Sync(), p.Close())
	},
}

// TestNothingRunsInAParkedTransaction uses a connection whose COMMIT is parked, in each way
// that pgx knows: nothing sees the last tenant, its snapshot, or its access mode.
func TestNothingRunsInAParkedTransaction(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			url := pgtest.WithParams(t, pgtest.EmptyURL(t), map[string]string{"default_query_exec_mode": mode})
			other, db := open(t, url, 1), open(t, url, 1)
			pgtest.Exec(t, other, `CREATE TABLE work (n int); CREATE TABLE told (told text); CREATE TABLE copied (told text);
				CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO told `+seen+`; RETURN NULL; END $$;
				CREATE TRIGGER tell AFTER INSERT ON copied FOR EACH ROW EXECUTE FUNCTION tell()`)
			rows := 0
			check := func(name, tenant string, use func(*sql.Conn) error) {
				t.Helper()
				parks(t, db)
				pgtest.Exec(t, other, "INSERT INTO work VALUES (1); TRUNCATE told")
				rows++
				conn, err := db.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = conn.Close() }()
				if err := use(conn); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				want := fmt.Sprintf("%s|off|%d", tenant, rows)
				if got := pgtest.Value[string](t, other, "SELECT coalesce(string_agg(told, ','), 'nothing') FROM told"); got != want {
					t.Errorf("%s: saw %s, want %s", name, got, want)
				}
			}
			for name, use := range users {
				check(name, "nobody", func(conn *sql.Conn) error { return use(t.Context(), conn, pgxConn(t, conn)) })
				check(name+" behind BEGIN", "mine", func(conn *sql.Conn) error {
					tx, err := pgtx.NewTx(conn, pgtx.TxOptions{AssignXID: true, Settings: []pgtx.Setting{{Name: "app.tenant", Value: "mine"}}})
					if err != nil {
						return err
					}
					if err := use(t.Context(), conn, pgxConn(t, conn)); err != nil {
						return errors.Join(err, tx.Rollback(t.Context()))
					}
					return tx.Commit(t.Context())
				})
			}
			check("ping", "nobody", func(conn *sql.Conn) error {
				return errors.Join(conn.PingContext(t.Context()), users["Exec"](t.Context(), conn, nil))
			})
			check("BeginTx", "nobody", func(conn *sql.Conn) error {
				tx, err := conn.BeginTx(t.Context(), nil)
				if err != nil {
					return err
				}
				_, err = tx.ExecContext(t.Context(), insertSeen)
				return errors.Join(err, tx.Commit())
			})
		})
	}
}

// TestAParkedCommitOnASlowNetwork waits for the COMMIT for longer than a write may take
// before pgx reads in the background.
func TestAParkedCommitOnASlowNetwork(t *testing.T) {
	t.Parallel()
	proxy := pgtest.Proxy(t, pgtest.EmptyURL(t))
	db := open(t, proxy.URL(), 1)
	pgtest.Exec(t, db, "CREATE TABLE work (n int); CREATE TABLE told (told text); CREATE TABLE copied (told text)")
	proxy.SetRTT(40 * time.Millisecond)
	for name, use := range users {
		parks(t, db)
		conn := pgtest.Session(t, db)
		if err := errors.Join(use(t.Context(), conn, pgxConn(t, conn)), conn.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := pgtest.Value[string](t, db, "SELECT string_agg(DISTINCT told, ',') FROM told"); got != "nobody|off|0" {
		t.Errorf("saw %s, want nobody|off|0", got)
	}
}

// sent is the statements of each flight.
func sent(transcript *pgproxy.Transcript) []string {
	var all []string
	for _, flight := range transcript.Flights() {
		var texts []string
		for _, m := range flight {
			if m.Name == "Execute" || m.Name == "Query" {
				texts = append(texts, m.SQL)
			}
		}
		all = append(all, strings.Join(texts, "; "))
	}
	return all
}

// TestAParkedCommitTravelsWithBegin counts on the wire what a connection sends whose COMMIT
// is parked.
func TestAParkedCommitTravelsWithBegin(t *testing.T) {
	t.Parallel()
	const begin = "begin isolation level repeatable read read only"
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			proxy := pgtest.Proxy(t, pgtest.EmptyURL(t))
			db := open(t, pgtest.WithParams(t, proxy.URL(), map[string]string{"default_query_exec_mode": mode}), 1)
			extended := []string{"commit; " + begin + "; SELECT $1::int", "commit"}
			if mode == "describe_exec" { // in a flight of its own
				extended = []string{"commit; " + begin, "SELECT $1::int", "commit"}
			}
			read := func(query string, args ...any) func() error {
				return func() error {
					return inTx(t.Context(), db, pgtx.TxOptions{TxOptions: snapshot}, func(conn *sql.Conn, _ *pgtx.Tx) error {
						_, err := conn.ExecContext(t.Context(), query, args...)
						return err
					})
				}
			}
			for _, tt := range []struct {
				name string
				use  func() error
				want []string
			}{
				{"extended", read("SELECT $1::int", 1), extended},
				{"simple", read("SELECT 1"), []string{"commit; " + begin + ";SELECT 1", "commit"}},
				{"no transaction", func() error { _, err := db.ExecContext(t.Context(), "SELECT 2"); return err }, []string{"commit", "SELECT 2"}},
				{"none used", func() error {
					return inTx(t.Context(), db, pgtx.TxOptions{TxOptions: snapshot}, func(*sql.Conn, *pgtx.Tx) error { return nil })
				}, nil},
			} {
				for range 2 { // prepares
					if err := tt.use(); err != nil {
						t.Fatal(err)
					}
					parks(t, db)
				}
				transcript := proxy.Record()
				if err := tt.use(); err != nil {
					t.Fatal(err)
				}
				transcript.Stop()
				if diff := cmp.Diff(tt.want, sent(transcript)); diff != "" {
					t.Errorf("%s: flights (-want +got):\n%s", tt.name, diff)
				}
			}
		})
	}
}

// TestAParkedCommitIsSentByItself: the snapshot and the locks don't outlast a moment.
func TestAParkedCommitIsSentByItself(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	watcher, db := open(t, url, 1), open(t, url, 1)
	pgtest.Exec(t, watcher, "CREATE TABLE work (n int)")
	for range 20 {
		conn := pgtest.Session(t, db)
		tx, err := pgtx.NewTx(conn, pgtx.TxOptions{TxOptions: snapshot})
		if err != nil {
			t.Fatal(err)
		}
		pgtest.Value[int](t, conn, "SELECT count(*) FROM work")
		if !tx.Park() {
			t.Fatal("Park() = false, want true")
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		// TRUNCATE and ALTER TABLE wait for readers, in production for at most lock_timeout.
		pgtest.Exec(t, watcher, "BEGIN; SET LOCAL lock_timeout = '10s'; TRUNCATE work; ALTER TABLE work ADD COLUMN more int; ALTER TABLE work DROP COLUMN more; COMMIT")
	}
	const open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND (state LIKE 'idle in%' OR backend_xmin IS NOT NULL) AND pid <> pg_backend_pid()"
	pgtest.WaitFor(t, "no transaction is open", func() bool { return pgtest.Value[int](t, watcher, open) == 0 })
	if n := db.Stats().OpenConnections; n != 1 {
		t.Errorf("connections = %d, want 1, which is kept", n)
	}
}

// TestASessionThatEndsWhileItsCommitIsParked costs its next user an error of the connection,
// without whose statement having run, or nothing.
func TestASessionThatEndsWhileItsCommitIsParked(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	admin, db := open(t, url, 1), open(t, url, 1)
	pgtest.Exec(t, admin, "CREATE TABLE work (n int)")
	for _, args := range [][]any{nil, {1}} { // by either protocol
		query := "INSERT INTO work SELECT 1"
		if len(args) > 0 {
			query += " WHERE 1 = $1"
		}
		pgtest.Terminate(t, admin, parks(t, db))
		err := inTx(t.Context(), db, pgtx.TxOptions{AssignXID: true}, func(conn *sql.Conn, tx *pgtx.Tx) error {
			_, err := conn.ExecContext(t.Context(), query, args...)
			if tx.State() != pgtx.StateLost {
				t.Errorf("State() = %v, want %v", tx.State(), pgtx.StateLost)
			}
			return err
		})
		if !pgtx.IsConnectionError(err) {
			t.Errorf("%s behind it: error = %v, want a connection error", query, err)
		}
		pgtest.Terminate(t, admin, parks(t, db))
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Errorf("%s in no transaction: %v, want another connection's success", query, err)
		}
	}
	if n := pgtest.Value[int](t, admin, "SELECT count(*) FROM work"); n != 2 {
		t.Errorf("rows = %d, want 2", n)
	}
}

// TestWhatIsNotParked: a transaction that somebody may wait for, or whose session isn't as
// it was.
func TestWhatIsNotParked(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.EmptyURL(t), 1)
	reads := func(isolation sql.IsolationLevel) pgtx.TxOptions {
		return pgtx.TxOptions{TxOptions: sql.TxOptions{Isolation: isolation, ReadOnly: true}}
	}
	snapshot := reads(sql.LevelRepeatableRead)
	position := reads(sql.LevelReadCommitted)
	position.WantPosition = true
	traced := snapshot // by the name that its session has until its end
	traced.Settings = []pgtx.Setting{{Name: "application_name", Value: "00-1-2-01"}}
	for _, tt := range []struct {
		o         pgtx.TxOptions
		statement string
		want      bool
	}{
		{snapshot, "SELECT 1", true},
		{reads(sql.LevelReadCommitted), "SELECT 1", true},
		{snapshot, "SAVEPOINT one", true},
		{snapshot, "", false},
		{pgtx.TxOptions{TxOptions: sql.TxOptions{Isolation: sql.LevelReadCommitted}}, "SELECT 1", false},
		{reads(sql.LevelSerializable), "SELECT 1", false},
		{reads(sql.LevelDefault), "SELECT 1", false},
		{position, "SELECT 1", false},
		{traced, "SELECT 1", false},
		{snapshot, "SELECT 1/0", false},
		{snapshot, "SET LOCAL work_mem = '1MB'", false},
		{snapshot, "SELECT set_config('TimeZone', 'Asia/Tokyo', true)", false},
		{snapshot, "SELECT pg_advisory_xact_lock_shared(1)", false},
		{snapshot, "SELECT pg_advisory_lock(1)", false},
		{snapshot, "LOCK TABLE pg_class IN ACCESS EXCLUSIVE MODE", false},
		{snapshot, "NOTIFY c", false},
		{snapshot, "CREATE TEMP TABLE mine (n int)", false},
		{snapshot, "DECLARE c CURSOR FOR SELECT 1", false},
		{snapshot, "LISTEN c", false},
		{snapshot, "DO $$ BEGIN END $$", false},
	} {
		err := inTx(t.Context(), db, tt.o, func(conn *sql.Conn, tx *pgtx.Tx) error {
			if tt.statement != "" {
				_, _ = conn.ExecContext(t.Context(), tt.statement) // one fails
			}
			if got := tx.CanPark(); got != tt.want {
				t.Errorf("%v: %s: CanPark() = %v, want %v", tt.o.TxOptions, tt.statement, got, tt.want)
			}
			if tt.want {
				rows, err := conn.QueryContext(t.Context(), "SELECT generate_series(1, 2)")
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				if tx.Park() {
					t.Errorf("%s: Park() = true with open rows, want false", tt.statement)
				}
				return rows.Err()
			}
			return nil
		})
		if err != nil && !errors.Is(err, pgx.ErrTxCommitRollback) {
			t.Errorf("%s: %v", tt.statement, err)
		}
	}
}

// TestNothingIsParkedBehindPgBouncer: its connection to the server would stay this client's.
func TestNothingIsParkedBehindPgBouncer(t *testing.T) {
	t.Parallel()
	url := pgtest.LoginURL(t, pgtest.OwnerURL(t))
	for pool, want := range map[string]bool{"": true, "session": false, "transaction": false} {
		through := url
		if pool != "" {
			through = pgbouncer.Start(t, url, pgbouncer.Options{PoolMode: pool}).URL()
		}
		db := open(t, pgtest.WithParams(t, through, map[string]string{"default_query_exec_mode": "cache_describe"}), 1)
		err := inTx(t.Context(), db, pgtx.TxOptions{TxOptions: snapshot}, func(conn *sql.Conn, tx *pgtx.Tx) error {
			pgtest.Value[int](t, conn, "SELECT 1")
			if got := tx.CanPark(); got != want {
				t.Errorf("pool_mode %q: CanPark() = %v, want %v", pool, got, want)
			}
			return nil
		})
		if err != nil {
			t.Errorf("pool_mode %q: %v", pool, err)
		}
	}
}
