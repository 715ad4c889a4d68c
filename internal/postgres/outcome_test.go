package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// ending is a way in which a transaction that inserted a row ends.
type ending struct {
	name    string
	cut     cut                                 // what the way to the server does to COMMIT
	prepare string                              // what the database has beside the table
	commit  func(*testing.T, transaction) error // defaults to COMMIT
	proves  func(error) bool                    // whether it ended in that way
	want    postgres.Outcome                    // what the error says
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
			name: "is committed when COMMIT succeeds", want: postgres.Committed, kept: 1,
			proves: func(err error) bool { return err == nil },
		},
		{
			name: "is rolled back when a statement had failed", want: postgres.RolledBack,
			commit: afterFailure, proves: is(pgx.ErrTxCommitRollback),
		},
		{
			name: "is rolled back when the server answers ERROR", want: postgres.RolledBack,
			commit: afterDuplicate, proves: isServer("ERROR", "23505"),
		},
		{
			name: "is rolled back when COMMIT itself was canceled", want: postgres.RolledBack,
			prepare: atCommit("pg_sleep(600)"), commit: canceledCommit, proves: isServer("ERROR", "57014"),
		},
		{
			name: "is rolled back when COMMIT never left", want: postgres.RolledBack,
			commit: neverSent, proves: pgconn.SafeToRetry,
		},
		{
			name: "is unknown when the server answers FATAL", want: postgres.Unknown,
			prepare: atCommit("pg_terminate_backend(pg_backend_pid())"), proves: isServer("FATAL", "57P01"),
		},
		{
			name: "is unknown when the connection is lost before COMMIT arrives", want: postgres.Unknown,
			cut: cutRequest, proves: postgres.IsConnectionError,
		},
		{
			name: "is unknown when the connection is lost before the answer arrives", want: postgres.Unknown,
			cut: cutAnswer, proves: postgres.IsConnectionError, kept: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			kept, err := tt.run(t)
			if !tt.proves(err) {
				t.Fatalf("Commit() = %v (%T), which isn't this case", err, err)
			}
			if got := postgres.CommitOutcome(err); got != tt.want {
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
	seen := open(t, postgres.Options{URL: url})
	exec(t, seen, "CREATE TABLE work (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);"+e.prepare)
	conn := session(t, open(t, postgres.Options{URL: proxy(t, url, e.cut)}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, tx, "INSERT INTO work VALUES (1)")
	if e.commit == nil {
		err = tx.Commit()
	} else {
		err = e.commit(t, transaction{Tx: tx, conn: conn, cancel: cancel, seen: seen})
	}
	return value[int](t, seen, "SELECT count(*) FROM work"), err
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
	exec(t, tx, "INSERT INTO work VALUES (1)")
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
	pid := backend(t, tx)
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
		if got := postgres.CommitOutcome(err); got != postgres.Unknown {
			t.Errorf("CommitOutcome(%v) = %v, want %v", err, got, postgres.Unknown)
		}
	}
}

func TestOutcomeNames(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[postgres.Outcome]string{
		postgres.Committed: "committed", postgres.RolledBack: "rolled_back", postgres.Unknown: "unknown", 99: "unknown",
	} {
		if got := outcome.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
	if zero := postgres.Outcome(0); zero != postgres.Unknown {
		t.Errorf("zero value = %v, want %v", zero, postgres.Unknown)
	}
}
