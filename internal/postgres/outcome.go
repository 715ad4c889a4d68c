package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Outcome is how a transaction ended.
type Outcome uint8

// The outcomes. The zero value is the one that promises nothing.
const (
	// Unknown: the connection was lost, or the wait given up, during COMMIT.
	Unknown Outcome = iota
	// Committed: the work is durable, as durable as the server's
	// synchronous_commit makes it.
	Committed
	// RolledBack: nothing of the work is left.
	RolledBack
)

// String is the outcome as logs and metrics name it.
func (o Outcome) String() string {
	switch o {
	case Committed:
		return "committed"
	case RolledBack:
		return "rolled_back"
	case Unknown:
	}
	return "unknown"
}

// CommitOutcome says how a COMMIT ended from the error that it returned. Only an
// answer of the server proves anything: a lost connection or a canceled context
// leaves the outcome unknown, whether or not the server has committed.
func CommitOutcome(err error) Outcome {
	if err == nil {
		return Committed
	}
	// COMMIT of a transaction in which a statement failed is answered with ROLLBACK.
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return RolledBack
	}
	// The COMMIT never left. A connection that pgx says is closed proves nothing: it
	// closes it itself when the answer doesn't come (5.12, as it reads results), and
	// Tx.Commit looks before it sends.
	if errors.Is(err, errNotSent) || (pgconn.SafeToRetry(err) && !errors.Is(err, pgconn.ErrConnClosed)) {
		return RolledBack
	}
	// An ERROR ends the transaction before its commit record is written; a FATAL
	// ends the session, and can do so after it (a shutdown during the wait for a
	// synchronous replica). Two codes say themselves that nobody knows.
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && severity(pgErr) == "ERROR" &&
		pgErr.Code != statementCompletionUnknown && pgErr.Code != transactionResolutionUnknown {
		return RolledBack
	}
	return Unknown
}

// IsRetryable reports whether err ended a transaction for no fault of its own, so
// that the same work may well succeed when it is done again from the start: a
// serialization failure, a deadlock, a conflict with recovery on a standby, a
// connection that was lost. It says nothing of a COMMIT: for that an outcome is
// known first.
func IsRetryable(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok &&
		(pgErr.Code == serializationFailure || pgErr.Code == deadlockDetected) {
		return true
	}
	return IsConnectionError(err)
}

// XID identifies a transaction across the servers that may be asked for its
// outcome. The zero XID identifies none.
type XID struct {
	// Value is the server's xid8.
	Value string
	// Timeline is the timeline on which the server wrote it. A standby that was
	// promoted writes another one, and may give the same id to other work.
	Timeline string
}

// timelineSQL is the timeline that the server writes, as eight hexadecimal digits;
// empty on a standby, which writes none.
const timelineSQL = `CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END`

// readTimeline reads the timeline, which is empty where the server doesn't tell:
// outcomes then stay unknown, and everything else works.
func readTimeline(ctx context.Context, conn *pgconn.PgConn) (string, error) {
	results, err := conn.Exec(ctx, "SELECT "+timelineSQL).ReadAll()
	if _, ok := errors.AsType[*pgconn.PgError](err); ok && !IsConnectionError(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

// errUndecided is what AskOutcome returns while asking again may help.
var errUndecided = errors.New("the transaction is still in progress, or the server in recovery")

// AskOutcome asks the server how the transaction ended whose COMMIT got no answer.
// An error means that asking again may help; Unknown without an error, that
// nobody can tell any more: the server was promoted since, the transaction is too
// long ago, or the id isn't known.
func AskOutcome(ctx context.Context, db *sql.DB, id XID) (Outcome, error) {
	if id.Value == "" || id.Timeline == "" {
		return Unknown, nil
	}
	var timeline string
	var status sql.NullString
	const ask = `SELECT ` + timelineSQL + `, CASE WHEN pg_is_in_recovery() THEN 'in progress' ELSE pg_xact_status($1::text::xid8) END`
	if err := db.QueryRowContext(ctx, ask, id.Value).Scan(&timeline, &status); err != nil {
		return Unknown, fmt.Errorf("ask for the outcome: %w", err)
	}
	switch {
	case timeline == "":
		return Unknown, errUndecided
	case timeline != id.Timeline:
		return Unknown, nil
	case status.String == "committed":
		return Committed, nil
	case status.String == "aborted":
		return RolledBack, nil
	case status.String == "in progress":
		return Unknown, errUndecided
	}
	return Unknown, nil
}
