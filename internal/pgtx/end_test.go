package pgtx_test

import (
	"context"
	"testing"
	"time"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtx"
)

// TestCommitIsNotCanceled has COMMIT take longer than its context: what the server
// then does of its own accord is what counts.
func TestCommitIsNotCanceled(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	proxy := pgtest.Proxy(t, url)
	direct := open(t, url, 2)
	pgtest.Exec(t, direct, "CREATE TABLE work (n int);"+atCommit("pg_advisory_xact_lock_shared(1)"))
	holder := pgtest.Session(t, direct)
	pgtest.Exec(t, holder, "SELECT pg_advisory_lock(1)")

	db := open(t, proxy.URL(), 1)
	terminated := proxy.Inject(pgproxy.Fault{
		Match: func(m pgproxy.Message) bool { return m.Name == "Terminate" }, Action: pgproxy.Delay,
	})
	conn := pgtest.Session(t, db)
	tx, err := pgtx.NewTx(conn, pgtx.TxOptions{AssignXID: true})
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, conn, "INSERT INTO work VALUES (1)")
	id := tx.XID()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // time enough to send COMMIT
	defer cancel()
	if err := tx.Commit(ctx); pgtx.CommitOutcome(err) != pgtx.Unknown {
		t.Errorf("Commit() = %v, want an unknown outcome", err)
	}
	if err := terminated.Await(t.Context(), 1); err != nil { // pgx is through with the connection, and has had the time to cancel
		t.Fatal(err)
	}
	pgtest.Exec(t, holder, "SELECT pg_advisory_unlock(1)")
	var outcome pgtx.Outcome
	pgtest.WaitFor(t, "the outcome is known", func() bool {
		outcome, err = pgtx.AskOutcome(t.Context(), direct, id)
		return err == nil
	})
	if outcome != pgtx.Committed {
		t.Errorf("outcome = %v, want %v", outcome, pgtx.Committed)
	}
}
