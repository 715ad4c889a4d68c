package pgtx

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// stdConn gives the embedded field a name that doesn't hide its method Conn.
type stdConn = stdlib.Conn

// conn is a connection of the pool: pgx's, with what decides whether it goes back there.
type conn struct {
	*stdConn
	wire    *wire
	origin  Origin        // of its transactions' ids
	expires time.Time     // when it is to be replaced; the zero time is never
	stale   *atomic.Int64 // the connector's
	fresh   int64         // the count of stale that its plans are made after
	cut     atomic.Bool   // it was abandoned, see Tx.Abandon
	reading atomic.Bool   // rows are open
}

// QueryContext runs a query, and notes that its rows are open.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	made, err := c.stdConn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, err
	}
	c.reading.Store(true)
	return &rows{made.(*stdlib.Rows), c}, nil // pgx makes no other
}

// rows are pgx's, whose Close the connection takes note of.
type rows struct {
	*stdlib.Rows
	conn *conn
}

// Close closes the rows.
func (r *rows) Close() error {
	defer r.conn.reading.Store(false)
	return r.Rows.Close()
}

// IsValid reports whether the connection may go back to the pool: its session is as
// it was made, or can be made so, and nothing goes on in it: a transaction would keep
// its locks.
func (c *conn) IsValid() bool {
	pg := c.Conn().PgConn()
	return !c.cut.Load() && !c.wire.watch.spoiled && !pg.IsClosed() && !pg.IsBusy() && pg.TxStatus() == 'I'
}

// Close closes the connection. One that was abandoned may still be in somebody's hands,
// and is closed by Tx.Cut.
func (c *conn) Close() error {
	if c.cut.Load() {
		return nil
	}
	return c.stdConn.Close()
}

// ResetSession makes the connection ready for its next user, or has database/sql take
// another one: when it is past its own, jittered, end (database/sql knows one lifetime
// for all), when it is dead, or when something was left in its session that can't be
// taken away. It takes a round trip after a pause, and where there is something to do.
func (c *conn) ResetSession(ctx context.Context) error {
	c.wire.begin, c.wire.writes = nil, false // of a transaction that was left without an end
	c.wire.forget(c.Conn())
	c.wire.watch.gate.Store(gateOpen)
	if !c.expires.IsZero() && time.Now().After(c.expires) {
		return driver.ErrBadConn
	}
	if err := c.stdConn.ResetSession(ctx); err != nil {
		return err
	}
	if c.wire.watch.lingers {
		_, err := c.Conn().Exec(ctx, reset)
		c.wire.watch.settle(err)
		if !c.IsValid() {
			return driver.ErrBadConn
		}
	}
	return c.refresh(ctx)
}

// refresh drops the plans that a migration may have made stale.
func (c *conn) refresh(ctx context.Context) error {
	now := c.stale.Load()
	if now == c.fresh {
		return nil
	}
	if err := c.Conn().DeallocateAll(ctx); err != nil {
		return driver.ErrBadConn
	}
	clear(c.wire.prepared)
	c.wire.watch.spoiled = false // the statements that are gone are our own
	c.fresh = now
	return nil
}
