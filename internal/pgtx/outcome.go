package pgtx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Outcome is how a transaction has ended.
type Outcome uint8

// The outcomes. The zero value promises nothing.
const (
	// Unknown: during COMMIT the connection was lost, or the wait was given up.
	Unknown Outcome = iota
	// Committed: the work is as durable as the server's synchronous_commit makes it.
	Committed
	// RolledBack: nothing has changed.
	RolledBack
)

// String returns the outcome's name in logs and metrics.
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

// CommitOutcome returns how a COMMIT has ended, given the error that it returned. Only a
// response of the server proves anything: after a lost connection or a canceled context
// the outcome is unknown, whether or not the server has committed.
func CommitOutcome(err error) Outcome {
	if err == nil {
		return Committed
	}
	// The command tag of COMMIT in a failed transaction is ROLLBACK.
	if errors.Is(err, pgx.ErrTxCommitRollback) || errors.Is(err, ErrLost) {
		return RolledBack
	}
	// COMMIT was never sent. pgconn.ErrConnClosed proves nothing: pgx 5.12 itself closes
	// a connection on which no response arrives, and Tx.Commit checks before it sends.
	if errors.Is(err, errNotSent) || (pgconn.SafeToRetry(err) && !errors.Is(err, pgconn.ErrConnClosed)) {
		return RolledBack
	}
	// An ERROR comes before the commit record is written. A FATAL can come after it, as
	// when the server shuts down during the wait for a synchronous replica. Two SQLSTATEs
	// mean that the outcome isn't known.
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && severity(pgErr) == "ERROR" &&
		pgErr.Code != statementCompletionUnknown && pgErr.Code != transactionResolutionUnknown {
		return RolledBack
	}
	return Unknown
}

// XID identifies a transaction, also after a promotion or a crash. The zero XID
// identifies none.
type XID struct {
	// Value is the server's xid8.
	Value string
	// Origin is where and when the server assigned it.
	Origin Origin
}

// Origin is a part of a server's history in which no transaction id is assigned twice.
type Origin struct {
	// Timeline is the server's timeline, as eight hexadecimal digits. A promoted standby
	// has another one, and may assign the same ids to other work. It is empty if it
	// isn't known, as on a standby.
	Timeline string
	// Recovered is when the server last recovered from a crash. It assigns the ids that
	// it had not written to disk by then again.
	Recovered string
}

// originSQL selects the columns of an Origin. PostgreSQL keeps its cumulative statistics
// in a clean restart and resets them after a crash of any of its processes. Resetting
// them by hand makes an outcome unknown, never wrong.
const originSQL = `
	CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END,
	(SELECT stats_reset::text FROM pg_stat_wal)`

// readOrigin reads the origin of a connection's transaction ids, which is constant for
// the connection. Behind a pooler it may be older than the ids, so that more outcomes
// are unknown. It is empty if the server refuses to tell: then all are. Direct means that
// no pooler is between: its clients' process ids are its own.
func readOrigin(ctx context.Context, conn *pgconn.PgConn) (origin Origin, direct bool, err error) {
	results, err := conn.Exec(ctx, "SELECT "+originSQL+", pg_backend_pid()").ReadAll()
	if _, ok := errors.AsType[*pgconn.PgError](err); ok && !IsConnectionError(err) {
		return Origin{}, false, nil
	}
	if err != nil {
		return Origin{}, false, err
	}
	row := results[0].Rows[0]
	direct = string(row[2]) == strconv.FormatUint(uint64(conn.PID()), 10)
	return Origin{Timeline: string(row[0]), Recovered: string(row[1])}, direct, nil
}

// errUndecided is the error of AskOutcome while asking again may help.
var errUndecided = errors.New("the transaction is still in progress, or the server in recovery")

// AskOutcome asks the server how a transaction has ended whose COMMIT got no response. An
// error means that asking again may help. Unknown without an error means that it can't be
// known: the server was promoted since, the transaction is too long ago, or it has no id.
func AskOutcome(ctx context.Context, db *sql.DB, id XID) (Outcome, error) {
	if id.Value == "" || id.Origin.Timeline == "" {
		return Unknown, nil
	}
	var now Origin
	var recovered, status sql.NullString
	const ask = `SELECT ` + originSQL + `, CASE WHEN NOT pg_is_in_recovery() THEN pg_xact_status($1::text::xid8) END`
	err := db.QueryRowContext(ctx, ask, id.Value).Scan(&now.Timeline, &recovered, &status)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == invalidParameterValue {
		// The id is in the future: the server crashed before it was written to disk. A
		// promoted server returns the same error for an id that it hasn't reached.
		return id.notReached(ctx, db)
	}
	if err != nil {
		return Unknown, fmt.Errorf("ask for the outcome: %w", err)
	}
	now.Recovered = recovered.String
	return id.decide(now, status.String)
}

// decide returns what a status means that was read at the origin now.
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
		// After a crash this may be somebody else's transaction. Behind a pooler, whose
		// connections outlive a crash, it may still be ours.
		return Unknown, errUndecided
	}
	// Too old; or committed, either before a crash or by somebody with the same id
	// after it.
	return Unknown, nil
}

// notReached returns the outcome of a transaction whose id the server hasn't reached.
func (id XID) notReached(ctx context.Context, db *sql.DB) (Outcome, error) {
	var now Origin
	var recovered sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT "+originSQL).Scan(&now.Timeline, &recovered); err != nil {
		return Unknown, fmt.Errorf("ask for the outcome: %w", err)
	}
	return id.decide(now, "aborted")
}
