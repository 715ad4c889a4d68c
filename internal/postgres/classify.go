package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/fault"
	"commitment/internal/pgtx"
)

// The SQLSTATEs that are classified one by one, and not by their class; see
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	featureNotSupported   = "0A000"
	restrictViolation     = "23001"
	notNullViolation      = "23502"
	foreignKeyViolation   = "23503"
	uniqueViolation       = "23505"
	checkViolation        = "23514"
	exclusionViolation    = "23P01"
	idleInTransaction     = "25P03"
	transactionTimeout    = "25P04"
	insufficientPrivilege = "42501"
	readOnlyTransaction   = "25006"
	invalidStatementName  = "26000"
	serializationFailure  = "40001"
	deadlockDetected      = "40P01"
	lockNotAvailable      = "55P03"
	queryCanceled         = "57014"
)

// Constraints maps a constraint's name to what its violation means to a client, whether a
// statement or COMMIT reports it.
type Constraints map[string]*fault.Error

// Classify returns a [*fault.Error] for an error of PostgreSQL or of a connection to it, and
// any other error unchanged. It goes by SQLSTATE and constraint name, never by text. The
// error of a context is unchanged: only the context's owner knows why it ended.
func (c Constraints) Classify(err error) error {
	if classified, ok := errors.AsType[*fault.Error](err); ok {
		return classified
	}
	if _, ok := errors.AsType[*pgtx.ConnectionError](err); ok {
		return unreachable(err) // whatever the SQLSTATE
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return c.classifyServer(pgErr, err)
	}
	if pgtx.IsConnectionError(err) {
		return unreachable(err)
	}
	return err
}

// classifyServer classifies an error that the server sent.
func (c Constraints) classifyServer(pgErr *pgconn.PgError, err error) error {
	if known, ok := c[pgErr.ConstraintName]; ok && pgErr.ConstraintName != "" {
		return known.With(err)
	}
	if pgErr.Code == queryCanceled && pgErr.Routine == "CopyGetData" {
		return err // the sender of the rows has canceled the COPY, for its own reason
	}
	switch pgErr.Code {
	case uniqueViolation, exclusionViolation:
		return violation(pgErr, err, fault.New(fault.Conflict, "already-exists", "this conflicts with something that exists"))
	case foreignKeyViolation, restrictViolation:
		return violation(pgErr, err, fault.New(fault.Conflict, "still-referenced", "this refers to something that is missing, or is still referred to"))
	case notNullViolation, checkViolation:
		return violation(pgErr, err, fault.New(fault.Invalid, "", "a value isn't valid"))
	case insufficientPrivilege:
		return classifyRefusal(pgErr, err)
	case lockNotAvailable:
		return fault.New(fault.Unavailable, "locked", "another request holds what this one needs").With(err)
	case queryCanceled, idleInTransaction, transactionTimeout:
		return classifyTimeout(err)
	}
	if pgtx.IsRetryable(err) {
		return classifyRetryable(pgErr, err)
	}
	switch pgErr.Code[:min(2, len(pgErr.Code))] {
	case "22", "54": // data exception, a limit of the program
		return fault.New(fault.Invalid, "", "a value is out of its range").With(err)
	case "08", "53", "57": // connection, resources, operator intervention
		return unreachable(err)
	}
	return err
}

// violation is the error of a constraint of which only the name is known.
func violation(pgErr *pgconn.PgError, cause error, err *fault.Error) *fault.Error {
	err.Constraint = pgErr.ConstraintName
	return err.With(cause)
}

// classifyRefusal tells a row that a policy refuses, which the client has asked for, from a
// privilege that the service's role lacks.
func classifyRefusal(pgErr *pgconn.PgError, err error) error {
	if pgErr.Routine == "ExecWithCheckOptions" {
		return fault.New(fault.Forbidden, "", "not allowed").With(err)
	}
	return err
}

// classifyTimeout tells a statement that was canceled with its context from one that was
// canceled by a timeout of the server.
func classifyTimeout(err error) error {
	if errors.Is(err, context.Canceled) {
		return fault.New(fault.Canceled, "", "the client went away").With(err)
	}
	return fault.New(fault.Unavailable, "timeout", "the request took too long").With(err)
}

// classifyRetryable classifies an error after which the same request may succeed.
func classifyRetryable(pgErr *pgconn.PgError, err error) error {
	switch pgErr.Code {
	case serializationFailure, deadlockDetected:
		return fault.New(fault.Unavailable, "concurrent-update", "the request collided with another one").With(err)
	case readOnlyTransaction:
		return fault.New(fault.Unavailable, "", "the database takes no writes now").With(err)
	case featureNotSupported, invalidStatementName: // a prepared statement is no longer valid
		return fault.New(fault.Unavailable, "", "the database was just changed").With(err)
	}
	return unreachable(err)
}

func unreachable(err error) *fault.Error {
	return fault.New(fault.Unavailable, "", "the database can't be reached now").With(err)
}
