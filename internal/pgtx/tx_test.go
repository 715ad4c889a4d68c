package pgtx_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
)

// conversions are queries whose rows show how values, types and errors arrive.
var conversions = []struct {
	query string
	args  []any
}{
	{"SELECT true, NULL::bool, 1::int2, 2::int4, 3::int8, NULL::int8", nil},
	{"SELECT 1.5::float4, 2.5::float8, 'NaN'::float8, '-Infinity'::float8", nil},
	{"SELECT 12345678901234567890.123456789::numeric, 'NaN'::numeric, 0::numeric(10,2), NULL::numeric", nil},
	{"SELECT 'text', 'varchar'::varchar(10), 'char'::char(8), 'name'::name, ''::text, NULL::text", nil},
	{"SELECT '\\x00ff'::bytea, ''::bytea, NULL::bytea, decode(repeat('ab', 300000), 'hex')", nil},
	{"SELECT '{\"a\": [1, null]}'::json, '{\"b\": 2}'::jsonb, 'null'::jsonb, NULL::jsonb", nil},
	{"SELECT '2026-01-02'::date, 'infinity'::date, '-infinity'::date", nil},
	{"SELECT '2026-01-02 03:04:05.678901'::timestamp, 'infinity'::timestamp", nil},
	{"SELECT '2026-01-02 03:04:05.678901+05'::timestamptz, '-infinity'::timestamptz, NULL::timestamptz", nil},
	{"SELECT '03:04:05'::time, '03:04:05+02'::timetz, '1 day 2 hours'::interval", nil},
	{"SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, NULL::uuid", nil},
	{"SELECT ARRAY[1,2,NULL]::int4[], ARRAY['a','b c','d\"e']::text[], '{}'::int8[], ARRAY[[1,2],[3,4]]", nil},
	{"SELECT '192.0.2.1/24'::inet, '192.0.2.0/24'::cidr, '08:00:2b:01:02:03'::macaddr", nil},
	{"SELECT '[1,5)'::int4range, '(2026-01-01,]'::daterange, '{[1,2],[4,5]}'::int4multirange", nil},
	{"SELECT '(1,2)'::point, B'1010', 42::oid, '<a/>'::xml, 'a & b'::tsquery, 'x y'::tsvector", nil},
	{"SELECT 'low'::mood, ROW(1, 'a')::pair, 7::small, 'aé'::text COLLATE \"C\", 12.5::money", nil},
	{"SELECT $1::int8, $2::text, $3::bytea, $4::timestamptz, $5::bool, $6::jsonb",
		[]any{int64(1) << 62, "it's \\ ünïcode $1", []byte{0, 1, 255}, time.Unix(1700000000, 123456000).UTC(), true, `{"a":1}`}},
	{"SELECT $1::text, $2::int8", []any{nil, sql.NullInt64{}}},
	{"SELECT i, repeat('x', 1000) FROM generate_series(1, 2000) i", nil},
	{"SELECT 1 WHERE false", nil},
	{"SELECT 10 / (i - 3) FROM generate_series(1, 5) i", nil}, // fails mid-rows
	{"SELECT 1/0", nil},
	{"SELECT * FROM missing", nil},
	{"SELEC 1", nil},
	{"SELECT $1::int4", []any{"not a number"}},
	{"SELECT set_config('app.x', 'y', true), current_setting('app.x')", nil},
}

// TestAFirstStatementBehavesAsAnyOther runs each conversion twice: as a plain
// statement of the pool, and as the one that BEGIN travels with.
func TestAFirstStatementBehavesAsAnyOther(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := openMode(t, mode)
			for _, ddl := range []string{
				"CREATE TYPE mood AS ENUM ('low', 'high')", "CREATE TYPE pair AS (a int, b text)", "CREATE DOMAIN small AS int4 CHECK (value < 10)",
			} {
				if _, err := db.ExecContext(t.Context(), ddl); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range conversions {
				plain := pgtest.Transcript(t.Context(), db, c.query, c.args)
				for _, o := range []pgtx.TxOptions{
					{TxOptions: sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}},
					{AssignXID: true, Settings: []pgtx.Setting{{Name: "app.y", Value: "it's $1"}, {Name: "lock_timeout", Value: "5s"}}},
				} {
					var first string
					_ = inTx(t.Context(), db, o, func(conn *sql.Conn, tx *pgtx.Tx) error {
						first = pgtest.Transcript(t.Context(), conn, c.query, c.args)
						if tx.State() == pgtx.StateNotStarted {
							t.Errorf("%s: BEGIN was not sent", c.query)
						}
						return nil
					})
					if diff := cmp.Diff(plain, first); diff != "" {
						t.Errorf("%s (-plain +with BEGIN):\n%s", c.query, diff)
					}
				}
			}
		})
	}
}

func TestTheFirstStatementIsInItsTransaction(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := openMode(t, mode)
			o := pgtx.TxOptions{
				TxOptions: sql.TxOptions{Isolation: sql.LevelSerializable},
				Settings:  []pgtx.Setting{{Name: "app.tenant", Value: "it's 1"}, {Name: "statement_timeout", Value: "1234ms"}},
				AssignXID: true,
			}
			const ask = `SELECT current_setting('transaction_isolation'), current_setting('app.tenant'),
				current_setting('statement_timeout'), pg_current_xact_id()::text`
			var got [4]string
			err := inTx(t.Context(), db, o, func(conn *sql.Conn, tx *pgtx.Tx) error {
				if err := conn.QueryRowContext(t.Context(), ask).Scan(&got[0], &got[1], &got[2], &got[3]); err != nil {
					return err
				}
				if xid := tx.XID(); xid.Value != got[3] || len(xid.Origin.Timeline) != 8 || xid.Origin.Recovered == "" {
					t.Errorf("xid = %v, want %s of a known origin", xid, got[3])
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if want := ([4]string{"serializable", "it's 1", "1234ms", got[3]}); got != want {
				t.Errorf("settings = %q, want %q", got, want)
			}
			var tenant sql.NullString
			if err := db.QueryRowContext(t.Context(), "SELECT current_setting('app.tenant', true)").Scan(&tenant); err != nil {
				t.Fatal(err)
			}
			if tenant.String != "" {
				t.Errorf("the next user of the connection sees app.tenant = %q, want nothing", tenant.String)
			}
		})
	}
}

// Without arguments a statement goes by the simple query protocol in every mode, and
// so do the settings in front of it.
func TestASettingCanBeAnyText(t *testing.T) {
	t.Parallel()
	const want = `it's DOMAIN\user\'; $1 "$2" \\ ä` + "\n"
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := openMode(t, mode)
			o := pgtx.TxOptions{Settings: []pgtx.Setting{{Name: "app.tenant", Value: want}}}
			for _, first := range []string{"SAVEPOINT one", "SELECT"} {
				var got string
				err := inTx(t.Context(), db, o, func(conn *sql.Conn, _ *pgtx.Tx) error {
					if _, err := conn.ExecContext(t.Context(), first); err != nil {
						return err
					}
					return conn.QueryRowContext(t.Context(), "SELECT current_setting('app.tenant')").Scan(&got)
				})
				if err != nil || got != want {
					t.Errorf("%s: setting = %q, %v, want %q", first, got, err, want)
				}
			}
		})
	}
}

func TestAStatementNeverRunsWhenItsBeginFails(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := openMode(t, mode)
			if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (i int)"); err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2) RETURNING i"} {
				o := pgtx.TxOptions{Settings: []pgtx.Setting{{Name: "no such name", Value: "x"}}}
				err := inTx(t.Context(), db, o, func(conn *sql.Conn, _ *pgtx.Tx) error {
					_, err := conn.ExecContext(t.Context(), statement)
					return err
				})
				if _, ok := errors.AsType[*pgconn.PgError](err); !ok {
					t.Errorf("%s: error = %v, want that of the setting", statement, err)
				}
			}
			var n int
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM t").Scan(&n); err != nil || n != 0 {
				t.Errorf("rows = %d, %v: want none", n, err)
			}
		})
	}
}

func TestTheStatementsOfABeginArePreparedOnce(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := openMode(t, mode)
			run := func() (prepared int, err error) {
				o := pgtx.TxOptions{AssignXID: true, Settings: []pgtx.Setting{{Name: "app.tenant", Value: "1"}}}
				err = inTx(t.Context(), db, o, func(conn *sql.Conn, tx *pgtx.Tx) error {
					const ask = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE $1"
					err := conn.QueryRowContext(t.Context(), ask, "commitment %").Scan(&prepared)
					if tx.XID().Value == "" && err == nil {
						t.Error("the id isn't known")
					}
					return err
				})
				return prepared, err
			}
			want := 0
			if mode == "cache_statement" {
				want = 2
			}
			for range 3 {
				if got, err := run(); got != want || err != nil {
					t.Errorf("prepared = %d, %v, want %d", got, err, want)
				}
			}
			if _, err := db.ExecContext(t.Context(), "DISCARD ALL"); err != nil {
				t.Fatal(err)
			}
			_, _ = run() // fails, where statements are prepared, as pgx's own do after this
			if got, err := run(); got != want || err != nil {
				t.Errorf("prepared = %d, %v, want %d after the server has forgotten all", got, err, want)
			}
		})
	}
}

func TestATransactionWithoutAStatementSendsNothing(t *testing.T) {
	t.Parallel()
	db := openMode(t, modes[0])
	for _, end := range []func(*pgtx.Tx, context.Context) error{(*pgtx.Tx).Commit, (*pgtx.Tx).Rollback} {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tx, err := pgtx.NewTx(conn, pgtx.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(end(tx, t.Context()), conn.Close()); err != nil {
			t.Fatal(err)
		}
		wantNoTransaction(t, db)
	}
}

// wantNoTransaction checks that the next user of the connection gets it as it
// should be.
func wantNoTransaction(t *testing.T, db *sql.DB) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), "SAVEPOINT works_only_inside")
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "25P01" {
		t.Errorf("SAVEPOINT = %v, want that there is no transaction", err)
	}
}

func TestATransactionThatIsLeftOpenReachesNobody(t *testing.T) {
	t.Parallel()
	db := openMode(t, modes[0])
	for _, statements := range []int{0, 1} {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pgtx.NewTx(conn, pgtx.TxOptions{}); err != nil {
			t.Fatal(err)
		}
		for range statements {
			if _, err := conn.ExecContext(t.Context(), "SELECT 1"); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Close(); err != nil { // a defect: neither Commit nor Rollback
			t.Fatal(err)
		}
		wantNoTransaction(t, db)
	}
}

func TestCommitOfAFailedTransactionIsARollback(t *testing.T) {
	t.Parallel()
	db := openMode(t, modes[0])
	err := inTx(t.Context(), db, pgtx.TxOptions{}, func(conn *sql.Conn, tx *pgtx.Tx) error {
		if _, err := conn.ExecContext(t.Context(), "SELECT 1/0"); err == nil {
			t.Error("SELECT 1/0 = nil, want an error")
		}
		if tx.State() != pgtx.StateFailed {
			t.Errorf("State() = %v, want %v", tx.State(), pgtx.StateFailed)
		}
		return nil
	})
	if !errors.Is(err, pgx.ErrTxCommitRollback) {
		t.Errorf("Commit() = %v, want %v", err, pgx.ErrTxCommitRollback)
	}
}

func TestOnlyOurConnectionsCarryTransactions(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := pgtx.NewTx(conn, pgtx.TxOptions{}); err == nil {
		t.Error("NewTx() = nil on a connection that no Connector made, want an error")
	}
	ours, err := openMode(t, modes[0]).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ours.Close() }()
	if _, err := pgtx.NewTx(ours, pgtx.TxOptions{TxOptions: sql.TxOptions{Isolation: sql.LevelLinearizable}}); err == nil {
		t.Error("NewTx() = nil for an isolation level that PostgreSQL doesn't have, want an error")
	}
}

// with is id with another origin.
func with(id pgtx.XID, change func(*pgtx.Origin)) pgtx.XID {
	change(&id.Origin)
	return id
}

func TestAskOutcome(t *testing.T) {
	t.Parallel()
	db := open(t, pgtest.EmptyURL(t), 2)
	var id pgtx.XID
	run := func(end func(*pgtx.Tx, context.Context) error) pgtx.XID {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		tx, err := pgtx.NewTx(conn, pgtx.TxOptions{AssignXID: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
		id = tx.XID()
		for _, id := range []pgtx.XID{id, with(id, func(o *pgtx.Origin) { o.Recovered = "before" })} {
			if outcome, err := pgtx.AskOutcome(t.Context(), db, id); err == nil {
				t.Errorf("outcome in progress of %v = %v, want to be asked again", id, outcome)
			}
		}
		if err := end(tx, t.Context()); err != nil {
			t.Fatal(err)
		}
		return id
	}
	committed, rolledBack := run((*pgtx.Tx).Commit), run((*pgtx.Tx).Rollback)
	tests := []struct {
		name string
		id   pgtx.XID
		want pgtx.Outcome
	}{
		{"committed", committed, pgtx.Committed},
		{"rolled back", rolledBack, pgtx.RolledBack},
		{"another timeline", with(committed, func(o *pgtx.Origin) { o.Timeline = "000000FF" }), pgtx.Unknown},
		{"no timeline", with(committed, func(o *pgtx.Origin) { o.Timeline = "" }), pgtx.Unknown},
		{"committed, and a crash since", with(committed, func(o *pgtx.Origin) { o.Recovered = "before" }), pgtx.Unknown},
		{"rolled back, and a crash since", with(rolledBack, func(o *pgtx.Origin) { o.Recovered = "before" }), pgtx.RolledBack},
		{"forgotten in a crash", pgtx.XID{Value: "4000000000", Origin: committed.Origin}, pgtx.RolledBack},
		{"no id", pgtx.XID{}, pgtx.Unknown},
		{"too old", pgtx.XID{Value: "3", Origin: committed.Origin}, pgtx.Unknown},
	}
	for _, tt := range tests {
		if got, err := pgtx.AskOutcome(t.Context(), db, tt.id); got != tt.want || err != nil {
			t.Errorf("%s: outcome = %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
}
