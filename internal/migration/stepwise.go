package migration

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5/pgconn"
)

// applyStepwise runs a file without a transaction, and each statement in one together
// with its record if PostgreSQL allows that.
func (r *runner) applyStepwise(ctx context.Context, f migrate.File, begun *migrate.Revision, interrupted bool) (*migrate.Revision, error) {
	s := &stepwise{ExecQuerier: r.conn, timeouts: timeouts{runner: r, setCommand: "SET"}, resumed: interrupted}
	if begun != nil {
		if err := s.restoreSettings(ctx, f, begun.Applied); err != nil {
			return nil, err
		}
	}
	return r.execute(ctx, s, steps{revisions: r.revisions.timed(), file: s}, f)
}

// stepwise runs the statements of a file one by one.
type stepwise struct {
	schema.ExecQuerier
	timeouts timeouts
	// resumed says that an earlier run may have run the next statement without
	// recording it.
	resumed bool
	// tx is open between a statement and its record.
	tx *sql.Tx
	// rolledBack says that a statement failed in a transaction that the file itself
	// began, so that the records of its statements are rolled back as well.
	rolledBack bool
}

// restoreSettings runs again what the file SET for its session before it was stopped.
func (s *stepwise) restoreSettings(ctx context.Context, f migrate.File, applied int) error {
	stmts, err := Statements(f)
	if err != nil {
		return err
	}
	for _, stmt := range stmts[:min(applied, len(stmts))] {
		c := parse(stmt.Text)
		if c.parameter == "" {
			continue
		}
		if err := s.timeouts.ensure(ctx, s, c); err != nil {
			return err
		}
		if _, err := s.ExecQuerier.ExecContext(ctx, stmt.Text); err != nil {
			return &StatementError{File: f.Name(), Line: lineOf(f, stmt.Pos), SQL: stmt.Text, Err: err}
		}
	}
	return nil
}

// ExecContext runs a statement.
func (s *stepwise) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c := parse(query)
	resumed := s.resumed
	s.resumed = false
	own, err := transactionOpen(s.timeouts.conn)
	if err != nil {
		return nil, err
	}
	if own {
		result, err := s.outsideTransaction(ctx, c, args...)
		s.rolledBack = err != nil
		return result, err
	}
	var result sql.Result
	err = s.timeouts.retryLocked(ctx, func() error {
		var err error
		switch {
		case c.class == concurrent:
			result, err = s.concurrently(ctx, c, resumed)
		case c.transactional:
			result, err = s.withRecord(ctx, c, args...)
			if refusesTransaction(err) {
				result, err = s.outsideTransaction(ctx, c, args...)
			}
		default:
			result, err = s.outsideTransaction(ctx, c, args...)
		}
		return err
	})
	return result, err
}

// hasBegun reports whether a transaction is open on conn.
func transactionOpen(conn *sql.Conn) (open bool, err error) {
	err = raw(conn, func(c *pgconn.PgConn) { open = c.TxStatus() != 'I' })
	return open, err
}

// outsideTransaction runs the command in no transaction of ours.
func (s *stepwise) outsideTransaction(ctx context.Context, c command, args ...any) (sql.Result, error) {
	if err := s.timeouts.ensure(ctx, s.ExecQuerier, c); err != nil {
		return nil, err
	}
	return s.timeouts.exec(ctx, s.ExecQuerier, c, args...)
}

// withRecord runs the command in a transaction, which stays open for its record.
func (s *stepwise) withRecord(ctx context.Context, c command, args ...any) (sql.Result, error) {
	if err := s.timeouts.ensure(ctx, s.ExecQuerier, c); err != nil {
		return nil, err
	}
	// The record is written even if ctx has ended, which would end the transaction.
	tx, err := s.timeouts.conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, fmt.Errorf("begin transaction: %w", err)
	}
	result, err := s.timeouts.exec(ctx, tx, c, args...)
	if err != nil {
		_ = tx.Rollback() // the session may be gone already
		return nil, err
	}
	s.tx = tx
	return result, nil
}

// refusesTransaction reports whether a statement turns out not to run in a transaction:
// a block or a procedure may commit, and a function may need that there is none.
func refusesTransaction(err error) bool {
	const activeTransaction, invalidTermination = "25001", "2D000"
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == activeTransaction || pgErr.Code == invalidTermination)
}

// concurrently repairs what an earlier try left, and runs the command.
func (s *stepwise) concurrently(ctx context.Context, c command, resumed bool) (sql.Result, error) {
	if err := s.waitForSameStatement(ctx, c); err != nil {
		return nil, err
	}
	done, err := s.repair(ctx, c, resumed)
	if err != nil {
		return nil, err
	}
	if done {
		s.timeouts.options.Log.InfoContext(ctx, "an earlier run did this without recording it", "statement", c.sql)
		return driver.ResultNoRows, nil
	}
	result, err := s.outsideTransaction(ctx, c)
	if err != nil {
		return nil, err
	}
	return result, s.verify(ctx, c)
}

// steps records the statements of a file, each in its open transaction.
type steps struct {
	revisions
	file *stepwise
}

// WriteRevision writes the revision and commits the statement that it records.
func (s steps) WriteRevision(ctx context.Context, rev *migrate.Revision) error {
	tx := s.file.tx
	switch {
	case s.file.rolledBack:
		return nil
	case tx == nil:
		return s.revisions.WriteRevision(ctx, rev)
	}
	s.file.tx = nil
	if err := s.on(tx).WriteRevision(ctx, rev); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit statement %d: %w", rev.Applied, err)
	}
	return nil
}
