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

// applyStepwise runs a file outside a transaction, and each statement together
// with its record where PostgreSQL lets it run in a transaction.
func (r *runner) applyStepwise(ctx context.Context, f migrate.File, begun *migrate.Revision, interrupted bool) (*migrate.Revision, error) {
	s := &stepwise{ExecQuerier: r.conn, pace: pace{runner: r, set: "SET"}, resumed: interrupted}
	if begun != nil {
		if err := s.restore(ctx, f, begun.Applied); err != nil {
			return nil, err
		}
	}
	return r.execute(ctx, s, steps{revisions: r.revisions.timed(), file: s}, f)
}

// stepwise runs the statements of a file one by one.
type stepwise struct {
	schema.ExecQuerier
	pace pace
	// resumed says that an earlier run may have run the next statement and not
	// have come to record it.
	resumed bool
	// tx is open between a statement and its record.
	tx *sql.Tx
	// undone says that a statement failed in a transaction that the file itself
	// has begun, with which the records of its statements are undone, too.
	undone bool
}

// restore runs again what the file SET for its session before it was stopped.
func (s *stepwise) restore(ctx context.Context, f migrate.File, applied int) error {
	stmts, err := Statements(f)
	if err != nil {
		return err
	}
	for _, stmt := range stmts[:min(applied, len(stmts))] {
		c := parse(stmt.Text)
		if c.parameter == "" {
			continue
		}
		if err := s.pace.keep(ctx, s, c); err != nil {
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
	own, err := hasBegun(s.pace.conn)
	if err != nil {
		return nil, err
	}
	if own {
		result, err := s.alone(ctx, c, args...)
		s.undone = err != nil
		return result, err
	}
	var result sql.Result
	err = s.pace.insist(ctx, func() error {
		var err error
		switch {
		case c.class == concurrent:
			result, err = s.concurrently(ctx, c, resumed)
		case c.within:
			result, err = s.together(ctx, c, args...)
			if refusesTransaction(err) {
				result, err = s.alone(ctx, c, args...)
			}
		default:
			result, err = s.alone(ctx, c, args...)
		}
		return err
	})
	return result, err
}

// hasBegun reports whether a transaction is open on conn.
func hasBegun(conn *sql.Conn) (open bool, err error) {
	err = raw(conn, func(c *pgconn.PgConn) { open = c.TxStatus() != 'I' })
	return open, err
}

// alone runs the command in no transaction of ours.
func (s *stepwise) alone(ctx context.Context, c command, args ...any) (sql.Result, error) {
	if err := s.pace.keep(ctx, s.ExecQuerier, c); err != nil {
		return nil, err
	}
	return s.pace.exec(ctx, s.ExecQuerier, c, args...)
}

// together runs the command in a transaction, which stays open for its record.
func (s *stepwise) together(ctx context.Context, c command, args ...any) (sql.Result, error) {
	if err := s.pace.keep(ctx, s.ExecQuerier, c); err != nil {
		return nil, err
	}
	// The record is written also when ctx has ended, which would end the transaction.
	tx, err := s.pace.conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, fmt.Errorf("begin transaction: %w", err)
	}
	result, err := s.pace.exec(ctx, tx, c, args...)
	if err != nil {
		_ = tx.Rollback() // the session may be gone already
		return nil, err
	}
	s.tx = tx
	return result, nil
}

// refusesTransaction reports whether a statement can't run in a transaction after
// all: a block or a procedure commits as it goes, a function asks for none.
func refusesTransaction(err error) bool {
	const activeTransaction, invalidTermination = "25001", "2D000"
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == activeTransaction || pgErr.Code == invalidTermination)
}

// concurrently runs the command after what an earlier one left was put right.
func (s *stepwise) concurrently(ctx context.Context, c command, resumed bool) (sql.Result, error) {
	if err := s.awaitTwin(ctx, c); err != nil {
		return nil, err
	}
	done, err := s.prepare(ctx, c, resumed)
	if err != nil {
		return nil, err
	}
	if done {
		s.pace.options.Log.InfoContext(ctx, "an earlier run has done this and not recorded it", "statement", c.sql)
		return driver.ResultNoRows, nil
	}
	result, err := s.alone(ctx, c)
	if err != nil {
		return nil, err
	}
	return result, s.verify(ctx, c)
}

// steps records the steps of a file, each in the transaction that is open for it.
type steps struct {
	revisions
	file *stepwise
}

// WriteRevision writes the revision and commits the statement that it records.
func (s steps) WriteRevision(ctx context.Context, rev *migrate.Revision) error {
	tx := s.file.tx
	switch {
	case s.file.undone:
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
