package txn

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"sync"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5"

	"commitment/internal/levers"
	"commitment/internal/pgtx"
)

// Exec runs a statement of Ent's; v is nil or a *sql.Result.
func (t *lazyTx) Exec(ctx context.Context, query string, args, v any) error {
	list, err := pgxArgs(args)
	if err != nil {
		return err
	}
	if turn := turnOf(ctx); turn != nil && turn.tx == t {
		w := &write{query: query, args: list}
		err := turn.exec(w)
		if result, ok := v.(*sql.Result); ok && err == nil {
			*result = sqldriver.RowsAffected(w.tag.RowsAffected())
		}
		return err
	}
	if t.postpone(ctx, query, list, v) {
		return nil
	}
	return t.runStatement(ctx, func(pooled *sql.Conn) error {
		if !levers.DirectStatements {
			return entsql.Conn{ExecQuerier: pooled}.Exec(ctx, query, args, v)
		}
		conn, err := t.pgxConn()
		if err != nil {
			return err
		}
		tag, err := conn.Exec(ctx, query, list...)
		if result, ok := v.(*sql.Result); ok && err == nil {
			*result = sqldriver.RowsAffected(tag.RowsAffected())
		}
		return err
	})
}

// Query runs a query of Ent's; v is a *entsql.Rows. The unit is busy until they are
// closed.
func (t *lazyTx) Query(ctx context.Context, query string, args, v any) error {
	if rows, ok := v.(*entsql.Rows); ok && isScannable(rows) {
		return t.queryScannable(ctx, query, args, rows)
	}
	if err := t.lockStatement(ctx); err != nil {
		return err
	}
	err := t.run(ctx, func(conn *sql.Conn) error {
		return entsql.Conn{ExecQuerier: conn}.Query(ctx, query, args, v)
	})
	if err != nil {
		t.statementMu.Unlock()
		return err
	}
	rows := v.(*entsql.Rows) // Conn.Query has checked it
	open := &entRows{ColumnScanner: rows.ColumnScanner, t: t}
	rows.ColumnScanner = open
	return t.hold(open)
}

// held are open rows, or results of a batch, that hold statementMu until they are
// closed.
type held interface{ stop() }

// hold remembers them, so that the end closes them if their reader forgets to. If the end
// has begun meanwhile, which doesn't know of them, it closes them itself.
func (t *lazyTx) hold(open held) error {
	t.mu.Lock()
	t.held = open
	late := t.evicting || t.phase == ended
	t.mu.Unlock()
	if late {
		open.stop()
		return ErrEnded
	}
	return nil
}

// entRows are rows whose Close unlocks statementMu.
type entRows struct {
	entsql.ColumnScanner
	t    *lazyTx
	once sync.Once
}

// Close closes the rows, and notes the error that ended them, if any.
func (r *entRows) Close() error {
	err := r.ColumnScanner.Close()
	r.once.Do(func() {
		r.t.noteRetryable(r.Err())
		r.t.statementMu.Unlock()
	})
	return err
}

func (r *entRows) stop() { _ = r.Close() }

// ExecContext runs a hand-written statement, for Ent's execquery and for SQL. It
// returns ErrManaged for one that would end or change the transaction.
func (t *lazyTx) ExecContext(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	err = t.runByHand(ctx, query, func(conn *sql.Conn) error {
		result, err = conn.ExecContext(ctx, query, args...)
		return err
	})
	return result, err
}

// QueryContext runs a hand-written query, like ExecContext. Its rows must be closed
// before the next statement.
func (t *lazyTx) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = t.runByHand(ctx, query, func(conn *sql.Conn) error {
		if rows, err = conn.QueryContext(ctx, query, args...); err != nil { //nolint:sqlclosecheck // the caller closes them
			return err
		}
		return t.keepRows(rows)
	})
	return rows, err
}

// keepRows remembers the rows of a hand-written query, so that the end closes them if
// their reader forgets to.
func (t *lazyTx) keepRows(rows *sql.Rows) error {
	t.mu.Lock()
	if t.phase != ended && !t.evicting {
		t.sqlRows = rows
		t.mu.Unlock()
		return nil
	}
	t.mu.Unlock() // the end, which has begun meanwhile, doesn't know of them
	return errors.Join(ErrEnded, rows.Close())
}

// runByHand runs a hand-written statement.
func (t *lazyTx) runByHand(ctx context.Context, query string, statement func(*sql.Conn) error) error {
	if err := pgtx.CheckStatement(query); err != nil {
		return t.statementFailed(ctx, err)
	}
	return t.runStatement(ctx, statement)
}

// runStatement calls f with the connection, for one statement.
func (t *lazyTx) runStatement(ctx context.Context, f func(*sql.Conn) error) error {
	if err := t.lockStatement(ctx); err != nil {
		return err
	}
	defer t.statementMu.Unlock()
	return t.run(ctx, f)
}

// lend calls f once, at most, with the pgx connection. Database/sql isn't told, so that
// it doesn't wait for f when the session is cut.
func (t *lazyTx) lend(ctx context.Context, f func(*pgx.Conn) error) error {
	if err := t.lockStatement(ctx); err != nil {
		return err
	}
	defer t.statementMu.Unlock()
	t.keepToPrimary() // f can't be called twice
	if _, _, err := t.connect(ctx); err != nil {
		return t.statementFailed(ctx, err)
	}
	t.mu.Lock()
	tx := t.tx
	t.mu.Unlock()
	if tx == nil {
		return ErrEnded
	}
	if err := f(tx.Conn()); err != nil {
		return t.statementFailed(ctx, err)
	}
	return nil
}
