package postgres_test

import (
	"cmp"
	"database/sql"
	"testing"
)

func TestSortBetweenSessions(t *testing.T) {
	t.Parallel()
	sortAll(t, []provoked{
		{"a row that another one changed", "40001", lostUpdate, collided},
		{"two that wait for each other", "40P01", deadlock, collided},
		{"a lock that isn't waited for", "55P03", blocked("SELECT FROM parent FOR UPDATE NOWAIT"), locked},
		{"a lock that is waited for too long", "55P03", blocked("SET LOCAL lock_timeout = 1; DELETE FROM parent"), locked},
		{"a transaction that was idle for too long", "25P03", idleInTransaction, overdue},
		{"a prepared statement whose columns were changed", "0A000", stalePlan, unreachable},
	})
}

// lostUpdate changes a row that was changed after the transaction's snapshot.
func lostUpdate(t *testing.T, db *sql.DB) error {
	t.Helper()
	tx := begin(t, db, sql.LevelRepeatableRead)
	value[int](t, tx, "SELECT n FROM parent WHERE id = 1")
	exec(t, db, "UPDATE parent SET n = n + 1")
	_, err := tx.ExecContext(t.Context(), "UPDATE parent SET n = n + 1")
	return err
}

// writeSkew has two serializable transactions write what the other one read,
// and returns what COMMIT of the second says.
func writeSkew(t *testing.T, db *sql.DB) error {
	t.Helper()
	first, second := begin(t, db, sql.LevelSerializable), begin(t, db, sql.LevelSerializable)
	for i, tx := range []*sql.Tx{first, second} {
		value[int](t, tx, "SELECT sum(n) FROM parent")
		exec(t, tx, "INSERT INTO parent VALUES ($1, 1)", 3+i)
	}
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	return second.Commit()
}

// deadlock returns the error of the transaction that PostgreSQL ends.
func deadlock(t *testing.T, db *sql.DB) error {
	t.Helper()
	const lock = "SELECT FROM parent WHERE id = $1 FOR UPDATE"
	first, second := begin(t, db, sql.LevelDefault), begin(t, db, sql.LevelDefault)
	exec(t, first, lock, 1)
	exec(t, second, lock, 2)
	pid := backend(t, first)
	waited := make(chan error, 1)
	go func() {
		_, err := first.ExecContext(t.Context(), lock, 2)
		waited <- err
	}()
	waitFor(t, "the first to wait for the second", func() bool {
		return value[bool](t, db, "SELECT cardinality(pg_blocking_pids($1)) > 0", pid)
	})
	_, err := second.ExecContext(t.Context(), lock, 1)
	return cmp.Or(err, <-waited)
}

// blocked runs a statement that wants rows which another transaction holds.
func blocked(statement string) func(*testing.T, *sql.DB) error {
	return func(t *testing.T, db *sql.DB) error {
		t.Helper()
		exec(t, begin(t, db, sql.LevelDefault), "SELECT FROM parent FOR UPDATE")
		_, err := begin(t, db, sql.LevelDefault).ExecContext(t.Context(), statement)
		return err
	}
}

// idleInTransaction waits until the server has ended the transaction's session.
func idleInTransaction(t *testing.T, db *sql.DB) error {
	t.Helper()
	tx := begin(t, db, sql.LevelDefault)
	pid := backend(t, tx)
	exec(t, tx, "SET idle_in_transaction_session_timeout = 1")
	waitFor(t, "the session to end", func() bool {
		return value[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
	})
	_, err := tx.ExecContext(t.Context(), "SELECT")
	return err
}

// stalePlan runs a statement again whose columns another session has changed.
func stalePlan(t *testing.T, db *sql.DB) error {
	t.Helper()
	const query = "SELECT * FROM parent WHERE id < $1"
	conn := session(t, db)
	exec(t, conn, query, 9)
	exec(t, db, "ALTER TABLE parent ADD COLUMN more int")
	_, err := conn.ExecContext(t.Context(), query, 9)
	return err
}
