package pgtx

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// stdConn names the embedded field so that it doesn't hide its method Conn.
type stdConn = stdlib.Conn

// conn is pgx's connection for database/sql, extended by whether the pool may keep it.
type conn struct {
	*stdConn
	wire       *wire
	origin     Origin        // of its transactions' ids
	direct     bool          // its server isn't shared: no pooler is between
	expires    time.Time     // when to replace it; zero is never
	stalePlans *atomic.Int64 // the connector's
	plansSince int64         // the value of stalePlans when its plans were made
	abandoned  atomic.Bool   // see Tx.Abandon
	rowsOpen   atomic.Bool
}

// QueryContext runs a query, and notes that its rows are open.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	made, err := c.stdConn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, err
	}
	c.rowsOpen.Store(true)
	return &rows{made.(*stdlib.Rows), c}, nil // pgx returns no other type
}

// rows are pgx's, extended by a note when they are closed.
type rows struct {
	*stdlib.Rows
	conn *conn
}

// Close closes the rows.
func (r *rows) Close() error {
	defer r.conn.rowsOpen.Store(false)
	return r.Rows.Close()
}

// IsValid reports whether the pool may keep the connection: its session is clean or can
// be reset, and nothing is in progress. An open transaction would keep its locks.
func (c *conn) IsValid() bool {
	pg := c.Conn().PgConn()
	return !c.abandoned.Load() && !c.wire.parking.broken.Load() && !c.wire.tracker.needsClose && !pg.IsClosed() && !pg.IsBusy() && pg.TxStatus() == 'I'
}

// Close closes the connection. An abandoned one may still be in use, and is closed by
// [Tx.Terminate].
func (c *conn) Close() error {
	if c.abandoned.Load() {
		return nil
	}
	return c.stdConn.Close()
}

// ResetSession prepares the connection for its next user. It returns
// [driver.ErrBadConn], so that database/sql takes another one, when the connection has
// reached its lifetime, is dead, or its session can't be reset. It takes a round trip
// after a pause, and when there is something to reset.
func (c *conn) ResetSession(ctx context.Context) error {
	c.wire.begin, c.wire.readWrite, c.wire.onPrimary = nil, false, false // of a transaction that was never ended
	c.wire.discardUnsent(c.Conn())
	c.wire.tracker.gate.Store(gateOpen)
	if !c.wire.parking.usable() || !c.expires.IsZero() && time.Now().After(c.expires) {
		return driver.ErrBadConn
	}
	if err := c.stdConn.ResetSession(ctx); err != nil {
		return err
	}
	if c.wire.tracker.needsReset {
		_, err := c.Conn().Exec(ctx, resetSQL)
		c.wire.tracker.resetDone(err)
		if !c.IsValid() {
			return driver.ErrBadConn
		}
	}
	return c.dropStalePlans(ctx)
}

// dropStalePlans drops the plans that a migration may have made stale.
func (c *conn) dropStalePlans(ctx context.Context) error {
	now := c.stalePlans.Load()
	if now == c.plansSince {
		return nil
	}
	if err := c.Conn().DeallocateAll(ctx); err != nil {
		return driver.ErrBadConn
	}
	clear(c.wire.prepared)
	c.wire.tracker.needsClose = false // set by DEALLOCATE ALL, which was ours
	c.plansSince = now
	return nil
}
