package txn

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtx"
)

// Exec runs a statement of Ent's; v is nil or a *sql.Result.
func (t *lazyTx) Exec(ctx context.Context, query string, args, v any) error {
	return t.with(ctx, func(conn *sql.Conn) error {
		return entsql.Conn{ExecQuerier: conn}.Exec(ctx, query, args, v)
	})
}

// Query runs a query of Ent's; v is a *entsql.Rows. The unit is busy until they are
// closed.
func (t *lazyTx) Query(ctx context.Context, query string, args, v any) error {
	if err := t.claim(ctx); err != nil {
		return err
	}
	err := t.run(ctx, func(conn *sql.Conn) error {
		return entsql.Conn{ExecQuerier: conn}.Query(ctx, query, args, v)
	})
	if err != nil {
		t.turn.Unlock()
		return err
	}
	rows := v.(*entsql.Rows) // Conn.Query has checked it
	claimed := &claimedRows{ColumnScanner: rows.ColumnScanner, t: t}
	rows.ColumnScanner = claimed
	t.mu.Lock()
	defer t.mu.Unlock()
	t.claimed = claimed
	return nil
}

// claimedRows are rows whose Close lets the next statement in.
type claimedRows struct {
	entsql.ColumnScanner
	t    *lazyTx
	once sync.Once
}

// Err is the error that ended the rows, if any.
func (r *claimedRows) Err() error {
	err := r.ColumnScanner.Err()
	r.t.note(err)
	return err
}

// Close closes the rows.
func (r *claimedRows) Close() error {
	err := r.ColumnScanner.Close()
	r.once.Do(r.t.turn.Unlock)
	return err
}

// ExecContext runs a statement of whoever wants database/sql, as Ent's execquery does.
// It returns ErrManaged for one that would end or change the transaction.
func (t *lazyTx) ExecContext(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	err = t.raw(ctx, query, func(conn *sql.Conn) error {
		result, err = conn.ExecContext(ctx, query, args...)
		return err
	})
	return result, err
}

// QueryContext runs a query of whoever wants database/sql, like ExecContext. Its rows
// must be closed before the next statement.
func (t *lazyTx) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = t.raw(ctx, query, func(conn *sql.Conn) error {
		if rows, err = conn.QueryContext(ctx, query, args...); err != nil { //nolint:sqlclosecheck // the caller closes them
			return err
		}
		return t.handOut(rows)
	})
	return rows, err
}

// handOut notes rows that go to a stranger, for the end to close them where the stranger
// forgets it.
func (t *lazyTx) handOut(rows *sql.Rows) error {
	t.mu.Lock()
	if t.phase != ended {
		t.rows = rows
		t.mu.Unlock()
		return nil
	}
	t.mu.Unlock() // the unit was cut meanwhile
	return errors.Join(ErrEnded, rows.Close())
}

// raw runs a statement that somebody has written by hand.
func (t *lazyTx) raw(ctx context.Context, query string, statement func(*sql.Conn) error) error {
	if err := pgtx.CheckStatement(query); err != nil {
		return t.failed(ctx, err)
	}
	return t.with(ctx, statement)
}

// with lends the connection to f, for one statement.
func (t *lazyTx) with(ctx context.Context, f func(*sql.Conn) error) error {
	if err := t.claim(ctx); err != nil {
		return err
	}
	defer t.turn.Unlock()
	return t.run(ctx, f)
}

// lend lends the connection of pgx to f, which knows itself what it does, and is
// called once at most. Database/sql isn't told, so that it doesn't wait for f when
// the session is cut under it.
func (t *lazyTx) lend(ctx context.Context, f func(*pgx.Conn) error) error {
	if err := t.claim(ctx); err != nil {
		return err
	}
	defer t.turn.Unlock()
	if _, _, err := t.connect(ctx); err != nil {
		return t.failed(ctx, err)
	}
	t.mu.Lock()
	tx := t.tx
	t.mu.Unlock()
	if tx == nil {
		return ErrEnded
	}
	if err := f(tx.Conn()); err != nil {
		return t.failed(ctx, err)
	}
	return nil
}
