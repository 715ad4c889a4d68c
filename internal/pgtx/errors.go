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
	readOnlyTransaction          = "25006"
	invalidStatementName         = "26000"
	serializationFailure         = "40001"
	statementCompletionUnknown   = "40003"
	deadlockDetected             = "40P01"
)

// ConnectionError is an error of the way to the database: of the network below a
// connection, or of a connect, whatever refused it. It is made where it arises. By
// its looks nobody could tell it from the error of a handler that reads a file or
// calls another service.
type ConnectionError struct{ err error }

// Error is the error itself.
func (e *ConnectionError) Error() string { return e.err.Error() }

// Unwrap is for pgx, which looks for timeouts.
func (e *ConnectionError) Unwrap() error { return e.err }

// IsConnectionError reports whether err is the end of a connection of a [Connector],
// by whatever side, or the refusal of one. It says nothing of what was sent before.
// Connections of others are told apart, unless their server ends them: a SQLSTATE
// doesn't say from where it comes.
func IsConnectionError(err error) bool {
	if _, ok := errors.AsType[*ConnectionError](err); ok {
		return true
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return isFatal(pgErr) && !refusesWrites(pgErr)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // our own end: pgx doesn't begin, and database/sql calls that a bad connection
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed)
}

// IsRetryable reports whether err ended a transaction for no fault of its own, so
// that the same work may well succeed when it is done again from the start: a
// serialization failure, a deadlock, a conflict with recovery on a standby, a
// prepared statement that is gone, or whose columns a migration has changed, a
// server that takes no writes, a connection that was lost. It says nothing of a
// COMMIT: for that an outcome is known first.
func IsRetryable(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pgErr.Code {
		case serializationFailure, deadlockDetected:
			return true
		}
		if isStalePlan(pgErr) || isMissingPlan(pgErr) || refusesWrites(pgErr) {
			return true // the pool prepares its statements anew, or makes another session
		}
	}
	return !errors.Is(err, ErrManaged) && IsConnectionError(err)
}

// isStalePlan reports whether a prepared statement's columns are no longer what they
// were, since a migration has changed its table.
func isStalePlan(err *pgconn.PgError) bool {
	return err.Code == featureNotSupported && err.Routine == "RevalidateCachedQuery"
}

// isMissingPlan reports whether a prepared statement is gone: a function, or somebody
// behind the same pooler, has deallocated it.
func isMissingPlan(err *pgconn.PgError) bool {
	return err.Code == invalidStatementName && err.Routine == "FetchPreparedStatement"
}

// refusesWrites reports whether the server is read-only; see keepSession.
func refusesWrites(err *pgconn.PgError) bool { return err.Code == readOnlyTransaction && isFatal(err) }

// isFatal reports whether err ends its session.
func isFatal(err *pgconn.PgError) bool { return severity(err) == "FATAL" || severity(err) == "PANIC" }

// severity is the severity in English; a pooler may send only the one field.
func severity(err *pgconn.PgError) string { return cmp.Or(err.SeverityUnlocalized, err.Severity) }
