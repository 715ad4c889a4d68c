package pgtx_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtx"
)

// ending is a way in which a transaction that inserted a row ends.
type ending struct {
	name    string
	cut     *pgproxy.Fault                      // what the way to the server does to COMMIT
	prepare string                              // what the database has beside the table
	commit  func(*testing.T, transaction) error // defaults to COMMIT
	proves  func(error) bool                    // whether it ended in that way
	want    pgtx.Outcome                        // what the error says
	kept    int                                 // the rows that are there
}

// transaction is one that is to end.
type transaction struct {
	*sql.Tx
	conn   *sql.Conn
	cancel context.CancelFunc // ends the transaction's context
	seen   *sql.DB            // another way to the database
}

func TestCommitOutcome(t *testing.T) {
	t.Parallel()
	for _, tt := range []ending{
		{
			name: "is committed when COMMIT succeeds", want: pgtx.Committed, kept: 1,
			proves: func(err error) bool { return err == nil },
		},
		{
			name: "is rolled back when a statement had failed", want: pgtx.RolledBack,
			commit: afterFailure, proves: is(pgx.ErrTxCommitRollback),
		},
		{
			name: "is rolled back when the server answers ERROR", want: pgtx.RolledBack,
			commit: afterDuplicate, proves: isServer("ERROR", "23505"),
		},
		{
			name: "is rolled back when COMMIT itself was canceled", want: pgtx.RolledBack,
			prepare: atCommit("pg_sleep(600)"), commit: canceledCommit, proves: isServer("ERROR", "57014"),
		},
		{
			name: "is rolled back when COMMIT never left", want: pgtx.RolledBack,
			commit: neverSent, proves: pgconn.SafeToRetry,
		},
		{
			name: "is unknown when the server answers FATAL", want: pgtx.Unknown,
			prepare: atCommit("pg_terminate_backend(pg_backend_pid())"), proves: isServer("FATAL", "57P01"),
		},
		{
			name: "is unknown when the connection is lost before COMMIT arrives", want: pgtx.Unknown,
			cut: &pgproxy.Fault{Match: pgproxy.AtCommit}, proves: pgtx.IsConnectionError,
		},
		{
			name: "is unknown when the connection is lost before the answer arrives", want: pgtx.Unknown,
			cut: &pgproxy.Fault{Match: pgproxy.AtCommit, Moment: pgproxy.Answered}, proves: pgtx.IsConnectionError, kept: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			kept, err := tt.run(t)
			if !tt.proves(err) {
				t.Fatalf("Commit() = %v (%T), which isn't this case", err, err)
			}
			if got := pgtx.CommitOutcome(err); got != tt.want {
				t.Errorf("CommitOutcome(%v) = %v, want %v", err, got, tt.want)
			}
			if kept != tt.kept {
				t.Errorf("rows = %d, want %d", kept, tt.kept)
			}
		})
	}
}

// run ends a transaction, and returns how many rows are there and what COMMIT said.
func (e ending) run(t *testing.T) (kept int, err error) {
	t.Helper()
	url := pgtest.EmptyURL(t)
	seen := open(t, url, 2)
	pgtest.Exec(t, seen, "CREATE TABLE work (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);"+e.prepare)
	conn := pgtest.Session(t, open(t, e.way(t, url), 1))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, tx, "INSERT INTO work VALUES (1)")
	if e.commit == nil {
		err = tx.Commit()
	} else {
		err = e.commit(t, transaction{Tx: tx, conn: conn, cancel: cancel, seen: seen})
	}
	return pgtest.Value[int](t, seen, "SELECT count(*) FROM work"), err
}

// way is the URL of the database by way of a proxy that cuts what is to be cut.
func (e ending) way(t *testing.T, url string) string {
	t.Helper()
	if e.cut == nil {
		return url
	}
	proxy := pgtest.Proxy(t, url)
	proxy.Inject(*e.cut)
	return proxy.URL()
}

// atCommit has the server evaluate an expression at COMMIT.
func atCommit(expression string) string {
	return `
		CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM ` + expression + `; RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON work DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION at_commit()`
}

// afterFailure commits although a statement had failed.
func afterFailure(t *testing.T, tx transaction) error {
	t.Helper()
	if _, err := tx.ExecContext(t.Context(), "SELEKT"); err == nil {
		t.Error("Exec() = nil, want an error")
	}
	return tx.Commit()
}

// afterDuplicate commits what a constraint refuses at the end.
func afterDuplicate(t *testing.T, tx transaction) error {
	t.Helper()
	pgtest.Exec(t, tx, "INSERT INTO work VALUES (1)")
	return tx.Commit()
}

// neverSent commits on a context that has ended before.
func neverSent(t *testing.T, tx transaction) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return tx.conn.Raw(func(driverConn any) error {
		_, err := driverConn.(interface{ Conn() *pgx.Conn }).Conn().Exec(ctx, "commit")
		return err
	})
}

// canceledCommit ends the context of a COMMIT that runs.
func canceledCommit(t *testing.T, tx transaction) error {
	t.Helper()
	pid := pgtest.Backend(t, tx)
	ended := make(chan error, 1)
	go func() { ended <- tx.Commit() }()
	waitForSleep(t, tx.seen, pid)
	tx.cancel()
	return <-ended
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isServer(severity, code string) func(error) bool {
	return func(err error) bool {
		pgErr, ok := errors.AsType[*pgconn.PgError](err)
		return ok && pgErr.SeverityUnlocalized == severity && pgErr.Code == code
	}
}

func TestCommitOutcomeOfAnEndedContextIsUnknown(t *testing.T) {
	t.Parallel()
	for _, err := range []error{context.Canceled, context.DeadlineExceeded, sql.ErrTxDone} {
		if got := pgtx.CommitOutcome(err); got != pgtx.Unknown {
			t.Errorf("CommitOutcome(%v) = %v, want %v", err, got, pgtx.Unknown)
		}
	}
}

func TestOutcomeNames(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[pgtx.Outcome]string{
		pgtx.Committed: "committed", pgtx.RolledBack: "rolled_back", pgtx.Unknown: "unknown", 99: "unknown",
	} {
		if got := outcome.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
	if zero := pgtx.Outcome(0); zero != pgtx.Unknown {
		t.Errorf("zero value = %v, want %v", zero, pgtx.Unknown)
	}
}
