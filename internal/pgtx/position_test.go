package pgtx_test

import (
	"context"
	"database/sql"
	"testing"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/replica"
	"commitment/internal/pgtx"
)

// snapshot is the mode of a transaction that reads one snapshot.
var snapshot = sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}

// count counts the rows of work in a transaction with a setting of its own, and returns
// its position. On a server that is behind, ok is false.
func count(t *testing.T, db *sql.DB, o pgtx.TxOptions, args ...any) (n int, at pgtx.Position, ok bool) {
	t.Helper()
	o.TxOptions, o.WantPosition, o.Settings = snapshot, true, []pgtx.Setting{{Name: "app.tenant", Value: "one"}}
	query := "SELECT count(*), current_setting('app.tenant') FROM work"
	if len(args) > 0 {
		query += " WHERE 1 = $1" // by the extended protocol
	}
	behind := false
	err := inTx(t.Context(), db, o, func(conn *sql.Conn, tx *pgtx.Tx) error {
		var tenant string
		err := conn.QueryRowContext(t.Context(), query, args...).Scan(&n, &tenant)
		if behind = tx.Behind(); behind {
			return err
		}
		if err == nil && tenant != "one" {
			t.Errorf("tenant = %q, want one", tenant)
		}
		at = tx.Position()
		return err
	})
	if err != nil && !behind {
		t.Fatal(err)
	}
	return n, at, !behind
}

// write inserts a row, and returns the position of the commit.
func write(t *testing.T, db *sql.DB) pgtx.Position {
	t.Helper()
	var written *pgtx.Tx
	err := inTx(t.Context(), db, pgtx.TxOptions{AssignXID: true, WantPosition: true}, func(conn *sql.Conn, tx *pgtx.Tx) error {
		written = tx
		_, err := conn.ExecContext(context.Background(), "INSERT INTO work VALUES (1)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return written.Position()
}

// TestPositions begins transactions after positions, on the primary and on a replica, in
// each way that pgx runs statements.
func TestPositions(t *testing.T) {
	t.Parallel()
	c := replica.Start(t, 1)
	c.Primary.Exec("CREATE TABLE work (n int); GRANT ALL ON work TO PUBLIC")
	rows := 0
	for _, mode := range modes {
		in := func(url string) *sql.DB {
			return open(t, pgtest.WithParams(t, url, map[string]string{"default_query_exec_mode": mode}), 1)
		}
		primary, standby := in(c.Primary.Login()), in(c.Replicas[0].Login())
		for _, args := range [][]any{nil, {1}} {
			want := func(db *sql.DB, o pgtx.TxOptions, rows int, shows bool) pgtx.Position {
				t.Helper()
				n, at, ok := count(t, db, o, args...)
				if ok != shows || ok && (n != rows || at.LSN < o.After.LSN || at.Timeline != 1) {
					t.Errorf("%s %v: %d rows at %v, served = %v, want %d after %v, %v", mode, args, n, at, ok, rows, o.After, shows)
				}
				return at
			}
			rows++
			at := write(t, primary)
			c.Primary.AwaitReplay(c.Replicas[0])
			seen := want(standby, pgtx.TxOptions{After: at, Standby: true}, rows, true)
			want(primary, pgtx.TxOptions{After: seen}, rows, true)
			want(primary, pgtx.TxOptions{After: at, Standby: true}, 0, false)                                          // it is none
			want(standby, pgtx.TxOptions{After: pgtx.Position{Timeline: 2, LSN: 1}, Standby: true}, 0, false)          // it follows another one
			want(standby, pgtx.TxOptions{After: pgtx.Unreached(1), Standby: true}, 0, false)                           // nothing is ever there
			want(primary, pgtx.TxOptions{After: pgtx.Position{Timeline: 1, LSN: 1, XMax: seen.XMax + 1000}}, 0, false) // as if a replica had shown more
			c.Replicas[0].Exec("SELECT pg_wal_replay_pause()")
			rows++
			at = write(t, primary)
			want(standby, pgtx.TxOptions{After: at, Standby: true}, 0, false)
			want(standby, pgtx.TxOptions{After: pgtx.Position{Timeline: 1}, Standby: true}, rows-1, true)
			want(primary, pgtx.TxOptions{}, rows, true)
			c.Replicas[0].Exec("SELECT pg_wal_replay_resume()")
		}
	}
}

func TestPositionsAreOrdered(t *testing.T) {
	t.Parallel()
	ordered := []pgtx.Position{{}, {Timeline: 1}, {Timeline: 1, LSN: 1}, {Timeline: 1, LSN: 1, XMax: 1}, {Timeline: 1, LSN: 2}, pgtx.Unreached(1), {Timeline: 2}}
	for i := range ordered {
		for j := range ordered {
			if got, want := ordered[i].Compare(ordered[j]), min(1, max(-1, i-j)); got != want {
				t.Errorf("Compare(%v, %v) = %d, want %d", ordered[i], ordered[j], got, want)
			}
		}
	}
	if at := (pgtx.Position{Timeline: 1, LSN: 0x16B374D848}); at.String() != "1:16/B374D848" {
		t.Errorf("String() = %s, want 1:16/B374D848", at)
	}
	for text, want := range map[string]uint64{"16/B374D848": 0x16B374D848, "0/0": 0, "": 0, "1": 0, "1/": 0, "x/1": 0, "100000000/0": 0} {
		got, err := pgtx.ParseLSN(text)
		if valid := text == "16/B374D848" || text == "0/0"; got != want || (err == nil) != valid {
			t.Errorf("ParseLSN(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
}
