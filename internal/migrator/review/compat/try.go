package compat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"commitment/internal/sqltoken"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// describeAnew makes the driver ask the server for the types of every statement, and
// otherwise work as in production: cached statements could be older than the table.
const describeAnew = pgx.QueryExecModeDescribeExec

// SQLSTATEs that are about types and columns rather than sample values.
const (
	notNullViolation   = "23502"
	checkViolation     = "23514"
	stringTooLong      = "22001"
	invalidText        = "22P02" // not a value of the type, for enums above all
	invalidTime        = "22007"
	insufficientRights = "42501" // a row that a policy refuses, for one
	notPossible        = "55000" // as of a view that can't be written to
	notSupported       = "0A000"
)

func (p *probe) exec(ctx context.Context, query string, args ...any) error {
	_, err := p.tx.ExecContext(ctx, query, append([]any{describeAnew}, args...)...)
	return err
}

// try runs a statement and records what breaks it. It returns errors that aren't about
// the schema, such as a lost connection.
func (p *probe) try(ctx context.Context, operation, query string, run func() error) error {
	err := p.savepoint(ctx, run)
	if lost, ok := errors.AsType[*lostError](err); ok {
		return lost
	}
	if err == nil {
		return nil
	}
	isBreak, err := judge(err)
	if err != nil {
		return err
	}
	if isBreak != "" {
		p.record(Break{Entity: p.entity.Name, Operation: operation, SQL: query, Error: isBreak})
	}
	return nil
}

// record records a break; of several statements that break on the same it keeps the
// first.
func (p *probe) record(b Break) {
	if !slices.ContainsFunc(p.breaks, func(known Break) bool { return known.Error == b.Error }) {
		p.breaks = append(p.breaks, b)
	}
}

// lostError reports that the transaction is unusable.
type lostError struct{ err error }

// Error implements error.
func (e *lostError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *lostError) Unwrap() error { return e.err }

// savepoint undoes what run has done if it fails.
func (p *probe) savepoint(ctx context.Context, run func() error) error {
	if _, err := p.tx.ExecContext(ctx, "SAVEPOINT probe"); err != nil {
		return &lostError{err}
	}
	err := run()
	end := "RELEASE SAVEPOINT probe"
	if err != nil {
		end = "ROLLBACK TO SAVEPOINT probe; RELEASE SAVEPOINT probe"
	}
	if _, lost := p.tx.ExecContext(ctx, end); lost != nil {
		return &lostError{errors.Join(err, lost)}
	}
	return err
}

// judge returns what breaks, in PostgreSQL's words, and nothing if the sample values
// are to blame. Any other error is returned as such.
func judge(err error) (string, error) {
	if e, ok := errors.AsType[enumError](err); ok {
		return e.said(), nil
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return strings.TrimPrefix(err.Error(), "sql: "), nil // the driver can't turn the value into the column's type, or back
	}
	switch pg.Code {
	case notNullViolation, stringTooLong, invalidText, invalidTime, notPossible, notSupported:
		return messageOf(pg), nil
	case insufficientRights:
		return "", nil
	}
	switch pg.Code[:2] {
	case "42":
		return messageOf(pg), nil
	case "22", "23", "54", "P0": // data, integrity, limits, RAISE
		return "", nil
	}
	return "", err
}

func messageOf(e *pgconn.PgError) string { return fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code) }

// missingColumn is the column that was omitted and can't be NULL.
func missingColumn(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == notNullViolation {
		return pg.ColumnName
	}
	return ""
}

// enumError is an INSERT that failed with a value of an enum.
type enumError struct {
	column, value string
	err           error
}

// Error implements error.
func (e enumError) Error() string { return e.err.Error() }

// messageOf names the value, which PostgreSQL doesn't always do. It is empty if
// something else was refused, which is tried separately.
func (e enumError) said() string {
	pg, ok := errors.AsType[*pgconn.PgError](e.err)
	if !ok || pg.Code != checkViolation && pg.Code != invalidText && pg.Code != stringTooLong {
		return ""
	}
	return fmt.Sprintf("%s = %q: %s", e.column, e.value, messageOf(pg))
}

// alter changes the table, and reports whether PostgreSQL allowed it.
func (p *probe) alter(ctx context.Context, action string) (bool, error) {
	err := p.savepoint(ctx, func() error {
		_, err := p.tx.ExecContext(ctx, fmt.Sprintf("ALTER TABLE %s %s", sqltoken.Quote(p.entity.Table), action))
		return err
	})
	if lost, ok := errors.AsType[*lostError](err); ok {
		return false, lost
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code[:2] != "55" { // 55P03: somebody holds the table
		return false, nil
	}
	return err == nil, err
}
