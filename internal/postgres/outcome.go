package postgres

import (
	"errors"

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
	// The COMMIT never left.
	if pgconn.SafeToRetry(err) {
		return RolledBack
	}
	// A FATAL ends the session, and can do so after the commit record was
	// written (a shutdown during the wait for a synchronous replica); an ERROR
	// ends the transaction before it.
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.SeverityUnlocalized == "ERROR" {
		return RolledBack
	}
	return Unknown
}
