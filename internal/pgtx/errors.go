package pgtx

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATEs that matter here. The list of all is
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	transactionResolutionUnknown = "08007"
	featureNotSupported          = "0A000"
	invalidParameterValue        = "22023"
	invalidText                  = "22P02"
	readOnlyTransaction          = "25006"
	invalidStatementName         = "26000"
	serializationFailure         = "40001"
	statementCompletionUnknown   = "40003"
	deadlockDetected             = "40P01"
	objectNotInPrerequisiteState = "55000"
)

// ConnectionError is an error of the network below a connection, or of a connect. It is
// wrapped where it arises, because it can't be recognized later: a handler that reads a
// file or calls another service gets errors of the same types.
type ConnectionError struct{ err error }

// Error returns the text of the wrapped error.
func (e *ConnectionError) Error() string { return e.err.Error() }

// Unwrap returns the wrapped error; pgx looks for timeouts.
func (e *ConnectionError) Unwrap() error { return e.err }

// IsConnectionError reports whether err means that a connection of a [Connector] was lost,
// whichever side closed it, or couldn't be made. It doesn't say what was sent before.
// Other clients' connections aren't mistaken for one, unless their server closes them: a
// SQLSTATE doesn't tell which server has sent it.
func IsConnectionError(err error) bool {
	if _, ok := errors.AsType[*ConnectionError](err); ok {
		return true
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return isFatal(pgErr) && !refusesWrites(pgErr)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // the caller gave up: pgx sent nothing, and database/sql reports a bad connection
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed)
}

// IsRetryable reports whether the work of a transaction that ended with err may succeed
// when it is run again from the start. That is so after a serialization failure, a
// deadlock, a conflict with recovery on a standby, a prepared statement that is gone or
// whose columns a migration has changed, a server that refuses writes, and a lost
// connection. For an error of COMMIT, look at its outcome first.
func IsRetryable(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pgErr.Code {
		case serializationFailure, deadlockDetected:
			return true
		}
		if isStalePlan(pgErr) || isMissingPlan(pgErr) || refusesWrites(pgErr) {
			return true // the pool prepares the statements again, or makes another session
		}
	}
	return !errors.Is(err, ErrManaged) && IsConnectionError(err)
}

// isStalePlan reports whether a prepared statement can't be executed because a migration
// has changed its columns.
func isStalePlan(err *pgconn.PgError) bool {
	return err.Code == featureNotSupported && err.Routine == "RevalidateCachedQuery"
}

// isMissingPlan reports whether a prepared statement is gone: a function, or another
// client of the same pooler, has deallocated it.
func isMissingPlan(err *pgconn.PgError) bool {
	return err.Code == invalidStatementName && err.Routine == "FetchPreparedStatement"
}

// refusesWrites reports whether the server is read-only: keepSession has raised the
// severity.
func refusesWrites(err *pgconn.PgError) bool { return err.Code == readOnlyTransaction && isFatal(err) }

// isFatal reports whether err closes its session.
func isFatal(err *pgconn.PgError) bool { return severity(err) == "FATAL" || severity(err) == "PANIC" }

// severity returns the severity in English. A pooler may send only one of the fields.
func severity(err *pgconn.PgError) string { return cmp.Or(err.SeverityUnlocalized, err.Severity) }
