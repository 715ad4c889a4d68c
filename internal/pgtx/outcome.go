package pgtx

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
	if errors.Is(err, pgx.ErrTxCommitRollback) || errors.Is(err, ErrLost) {
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

// XID identifies a transaction across the servers, and the lives of a server, that
// may be asked for its outcome. The zero XID identifies none.
type XID struct {
	// Value is the server's xid8.
	Value string
	// Origin is where and when the server gave it.
	Origin Origin
}

// Origin is the part of a server's history in which its transaction ids are its own.
type Origin struct {
	// Timeline is what the server writes, as eight hexadecimal digits. A standby
	// that was promoted writes another one, and may give the same ids to other
	// work. It is empty where it isn't known, as on a standby.
	Timeline string
	// Recovered is when the server last recovered from a crash. What it had not
	// written to disk by then is lost, and the ids of that work are given again.
	Recovered string
}

// originSQL is the columns of an Origin. PostgreSQL keeps its cumulative statistics
// over a clean restart and begins them anew after a crash, of whichever of its
// processes; who resets them by hand makes an outcome unknown, never wrong.
const originSQL = `
	CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END,
	(SELECT stats_reset::text FROM pg_stat_wal)`

// readOrigin reads the origin of the ids of a connection, which stays the same as
// long as the connection; behind a pooler it may be older than the ids, which makes
// fewer outcomes known. It is empty where the server doesn't tell: outcomes then
// stay unknown, and everything else works.
func readOrigin(ctx context.Context, conn *pgconn.PgConn) (Origin, error) {
	results, err := conn.Exec(ctx, "SELECT "+originSQL).ReadAll()
	if _, ok := errors.AsType[*pgconn.PgError](err); ok && !IsConnectionError(err) {
		return Origin{}, nil
	}
	if err != nil {
		return Origin{}, err
	}
	row := results[0].Rows[0]
	return Origin{Timeline: string(row[0]), Recovered: string(row[1])}, nil
}

// errUndecided is what AskOutcome returns while asking again may help.
var errUndecided = errors.New("the transaction is still in progress, or the server in recovery")

// AskOutcome asks the server how the transaction ended whose COMMIT got no answer.
// An error means that asking again may help; Unknown without an error, that
// nobody can tell any more: the server was promoted since, the transaction is too
// long ago, or its id isn't known.
func AskOutcome(ctx context.Context, db *sql.DB, id XID) (Outcome, error) {
	if id.Value == "" || id.Origin.Timeline == "" {
		return Unknown, nil
	}
	var now Origin
	var recovered, status sql.NullString
	const ask = `SELECT ` + originSQL + `, CASE WHEN NOT pg_is_in_recovery() THEN pg_xact_status($1::text::xid8) END`
	err := db.QueryRowContext(ctx, ask, id.Value).Scan(&now.Timeline, &recovered, &status)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == invalidParameterValue {
		// The id is in the future: the server has crashed, and has forgotten it. A
		// promoted one says the same of an id that it hasn't reached.
		return id.forgotten(ctx, db)
	}
	if err != nil {
		return Unknown, fmt.Errorf("ask for the outcome: %w", err)
	}
	now.Recovered = recovered.String
	return id.decide(now, status.String)
}

// decide says what a status means that was read in the part of history now.
func (id XID) decide(now Origin, status string) (Outcome, error) {
	switch {
	case now.Timeline == "":
		return Unknown, errUndecided
	case now.Timeline != id.Origin.Timeline:
		return Unknown, nil
	case status == "aborted":
		return RolledBack, nil
	case now.Recovered == id.Origin.Recovered && status == "committed":
		return Committed, nil
	case status == "in progress":
		// After a crash somebody else may have the id. But behind a pooler, whose
		// connections outlive a crash, it may still be ours.
		return Unknown, errUndecided
	}
	// Too old; or committed, before a crash or by somebody who was given the id
	// after it.
	return Unknown, nil
}

// forgotten is the outcome of a transaction whose id the server hasn't reached.
func (id XID) forgotten(ctx context.Context, db *sql.DB) (Outcome, error) {
	var now Origin
	var recovered sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT "+originSQL).Scan(&now.Timeline, &recovered); err != nil {
		return Unknown, fmt.Errorf("ask for the outcome: %w", err)
	}
	return id.decide(now, "aborted")
}
