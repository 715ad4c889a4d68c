package postgres

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
)

// connectionError is an error of the way to the database: of the network below a
// connection, or of a connect, whatever refused it. It is made where it arises. By
// its looks nobody could tell it from the error of a handler that reads a file or
// calls another service.
type connectionError struct{ err error }

// Error is the error itself.
func (e *connectionError) Error() string { return e.err.Error() }

// Unwrap is for pgx, which looks for timeouts.
func (e *connectionError) Unwrap() error { return e.err }

// lost marks an error of the network; nil stays nil.
func lost(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // pgx has that for a server that leaves without a word
	}
	return &connectionError{err}
}

// network is the stream to the server, with its errors marked.
type network struct {
	in  io.Reader
	out io.Writer
}

// Read reads what the server sends.
func (n network) Read(p []byte) (int, error) {
	count, err := n.in.Read(p)
	return count, lost(err)
}

// Write sends to the server.
func (n network) Write(p []byte) (int, error) {
	count, err := n.out.Write(p)
	return count, lost(err)
}

// keepSession is a [pgconn.PgErrorHandler]: it reports whether a session outlives an
// error. One whose server refuses the writes of a transaction that is to write
// doesn't, so that the next session may find a server that takes them; to tell this
// from a write in a transaction that only reads, the error becomes a fatal one.
func keepSession(conn *pgconn.PgConn, err *pgconn.PgError) bool {
	if w, ok := conn.CustomData()[wireKey].(*wire); ok && w.writes && !w.watch.doubtful && err.Code == readOnlyTransaction {
		err.SeverityUnlocalized = "FATAL"
	}
	return !isFatal(err)
}

// IsConnectionError reports whether err is the end of a connection of a pool that
// [Open] made, by whatever side, or the refusal of one. It says nothing of what was
// sent before. Connections of others are told apart, unless their server ends them:
// a SQLSTATE doesn't say from where it comes.
func IsConnectionError(err error) bool {
	if _, ok := errors.AsType[*connectionError](err); ok {
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

// refusesWrites reports whether the server is read-only; see keepSession.
func refusesWrites(err *pgconn.PgError) bool { return err.Code == readOnlyTransaction && isFatal(err) }

// isFatal reports whether err ends its session.
func isFatal(err *pgconn.PgError) bool { return severity(err) == "FATAL" || severity(err) == "PANIC" }

// severity is the severity in English; a pooler may send only the one field.
func severity(err *pgconn.PgError) string { return cmp.Or(err.SeverityUnlocalized, err.Severity) }
