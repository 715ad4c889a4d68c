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

func TestPositionsOnAReplica(t *testing.T) {
	t.Parallel()
	c := replica.Start(t, 1)
	primary, standby := open(t, c.Primary.Login(), 1), open(t, c.Replicas[0].Login(), 1)
	owner := open(t, c.Primary.Owner, 1)
	pgtest.Exec(t, owner, "CREATE TABLE work (n int)")
	pgtest.Exec(t, owner, "GRANT ALL ON work TO PUBLIC")

	write := func() (p pgtx.Position) {
		conn, err := primary.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		tx, err := pgtx.NewTx(conn, pgtx.TxOptions{AssignXID: true, WantPosition: true})
		if err != nil {
			t.Fatal(err)
		}
		pgtest.Exec(t, conn, "INSERT INTO work VALUES (1)")
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		return tx.Position()
	}
	read := func(db *sql.DB, after pgtx.Position, standby bool) (n int, p pgtx.Position, replayed bool) {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		tx, err := pgtx.NewTx(conn, pgtx.TxOptions{TxOptions: snapshot, After: after, Standby: standby, WantPosition: true, Settings: []pgtx.Setting{{"app.tenant", "x"}}})
		if err != nil {
			t.Fatal(err)
		}
		var tenant string
		err = conn.QueryRowContext(t.Context(), "SELECT count(*), current_setting('app.tenant') FROM work WHERE 1 = $1", 1).Scan(&n, &tenant)
		if tx.Behind() {
			if err := tx.Rollback(context.Background()); err != nil {
				t.Error(err)
			}
			return 0, tx.Position(), false
		}
		if err != nil || tenant != "x" {
			t.Fatal(err, tenant)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		return n, tx.Position(), true
	}
	at := write()
	t.Log(at)
	pgtest.WaitFor(t, "replayed", func() bool {
		n, p, ok := read(standby, at, true)
		if ok && n != 1 {
			t.Errorf("n = %d", n)
		}
		if ok && p.Compare(at) < 0 {
			t.Errorf("p = %v", p)
		}
		return ok
	})
	c.Replicas[0].Exec("SELECT pg_wal_replay_pause()")
	at = write()
	if _, _, ok := read(standby, at, true); ok {
		t.Error("ok")
	}
	n, p, _ := read(primary, pgtx.Position{}, false)
	t.Log(n, p)
	if _, _, ok := read(primary, at, true); ok {
		t.Error("ok")
	}
	n, p, _ = read(standby, pgtx.Position{Timeline: 1}, true)
	t.Log(n, p)
	c.Replicas[0].Exec("SELECT pg_wal_replay_resume()")
}
