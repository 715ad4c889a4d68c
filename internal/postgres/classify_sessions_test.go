package postgres_test

import (
	"cmp"
	"database/sql"
	"testing"

	"commitment/internal/pgtest"
)

func TestClassifyBetweenSessions(t *testing.T) {
	t.Parallel()
	classifyAll(t, []provoked{
		{"a row that another one changed", "40001", lostUpdate, collided},
		{"two that wait for each other", "40P01", deadlock, collided},
		{"a lock that isn't waited for", "55P03", blocked("SELECT FROM parent FOR UPDATE NOWAIT"), locked},
		{"a lock that is waited for too long", "55P03", blocked("SET LOCAL lock_timeout = 1; DELETE FROM parent"), locked},
		{"a transaction that was idle for too long", "25P03", idleInTransaction, overdue},
		{"a prepared statement whose columns were changed", "0A000", stalePlan, unreachable},
		{"a prepared statement that is gone", "26000", missingPlan, unreachable},
	})
}

// lostUpdate changes a row that was changed after the transaction's snapshot.
func lostUpdate(t *testing.T, db *sql.DB) error {
	t.Helper()
	tx := begin(t, db, sql.LevelRepeatableRead)
	pgtest.Value[int](t, tx, "SELECT n FROM parent WHERE id = 1")
	pgtest.Exec(t, db, "UPDATE parent SET n = n + 1")
	_, err := tx.ExecContext(t.Context(), "UPDATE parent SET n = n + 1")
	return err
}

// writeSkew has two serializable transactions write what the other one read,
// and returns what COMMIT of the second says.
func writeSkew(t *testing.T, db *sql.DB) error {
	t.Helper()
	first, second := begin(t, db, sql.LevelSerializable), begin(t, db, sql.LevelSerializable)
	for i, tx := range []*sql.Tx{first, second} {
		pgtest.Value[int](t, tx, "SELECT sum(n) FROM parent")
		pgtest.Exec(t, tx, "INSERT INTO parent VALUES ($1, 1)", 3+i)
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
	pgtest.Exec(t, first, lock, 1)
	pgtest.Exec(t, second, lock, 2)
	pid := pgtest.Backend(t, first)
	waited := make(chan error, 1)
	go func() {
		_, err := first.ExecContext(t.Context(), lock, 2)
		waited <- err
	}()
	pgtest.WaitFor(t, "the first waits for the second", func() bool {
		return pgtest.Value[bool](t, db, "SELECT cardinality(pg_blocking_pids($1)) > 0", pid)
	})
	_, err := second.ExecContext(t.Context(), lock, 1)
	return cmp.Or(err, <-waited)
}

// blocked runs a statement that wants rows which another transaction holds.
func blocked(statement string) func(*testing.T, *sql.DB) error {
	return func(t *testing.T, db *sql.DB) error {
		t.Helper()
		pgtest.Exec(t, begin(t, db, sql.LevelDefault), "SELECT FROM parent FOR UPDATE")
		_, err := begin(t, db, sql.LevelDefault).ExecContext(t.Context(), statement)
		return err
	}
}

// idleInTransaction waits until the server has ended the transaction's session.
func idleInTransaction(t *testing.T, db *sql.DB) error {
	t.Helper()
	tx := begin(t, db, sql.LevelDefault)
	pid := pgtest.Backend(t, tx)
	pgtest.Exec(t, tx, "SET idle_in_transaction_session_timeout = 1")
	pgtest.WaitFor(t, "the session ends", func() bool {
		return pgtest.Value[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
	})
	_, err := tx.ExecContext(t.Context(), "SELECT")
	return err
}

// stalePlan runs a statement again whose columns another session has changed.
func stalePlan(t *testing.T, db *sql.DB) error {
	t.Helper()
	const query = "SELECT * FROM parent WHERE id < $1"
	conn := pgtest.Session(t, db)
	pgtest.Exec(t, conn, query, 9)
	pgtest.Exec(t, db, "ALTER TABLE parent ADD COLUMN more int")
	_, err := conn.ExecContext(t.Context(), query, 9)
	return err
}

// missingPlan runs a statement again whose prepared statement is gone.
func missingPlan(t *testing.T, db *sql.DB) error {
	t.Helper()
	const query = "SELECT * FROM parent WHERE id < $1"
	conn := pgtest.Session(t, db)
	pgtest.Exec(t, conn, query, 9)
	pgtest.Exec(t, conn, "DEALLOCATE ALL")
	_, err := conn.ExecContext(t.Context(), query, 9)
	return err
}
