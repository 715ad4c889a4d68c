package postgres

import (
	"context"
	"database/sql/driver"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// connector makes the pool's connections.
type connector struct {
	driver.Connector // of pgx
	o                Options
	// stale counts how often a plan turned out to be stale: a migration has changed
	// a table under all connections, and not only under the one that found out.
	stale *atomic.Int64
}

// stdConn gives the embedded field a name that doesn't hide its method Conn.
type stdConn = stdlib.Conn

// conn is a connection of the pool: pgx's, with what decides whether it goes back there.
type conn struct {
	*stdConn
	wire    *wire
	expires time.Time     // when it is to be replaced; the zero time is never
	stale   *atomic.Int64 // the pool's
	fresh   int64         // the count of stale that its plans are made after
	cut     atomic.Bool   // it was abandoned, see Tx.Abandon
	reading atomic.Bool   // rows are open
}

// What a connection's CustomData knows.
const (
	wireKey   = "commitment.wire"   // *wire
	originKey = "commitment.origin" // Origin: of its transactions' ids
)

// connector wraps what pgx makes of cfg.
func (o Options) connector(cfg pgx.ConnConfig) *connector {
	return &connector{o: o, stale: &atomic.Int64{}, Connector: stdlib.GetConnector(cfg,
		stdlib.OptionBeforeConnect(attachWire),
		stdlib.OptionAfterConnect(o.afterConnect),
		stdlib.OptionShouldPing(func(_ context.Context, p stdlib.ShouldPingParams) bool {
			return p.IdleDuration > o.PingAfter
		}),
	)}
}

// Connect makes a connection. Every refusal is an outage at that moment: a password
// that was changed, a database that is gone. The same SQLSTATE in a statement is the
// statement's. Whoever gives up the wait gets their own error.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil && ctx.Err() == nil {
		return nil, &connectionError{err}
	}
	if err != nil {
		return nil, err
	}
	std := made.(*stdlib.Conn) // pgx makes no other
	w := std.Conn().PgConn().CustomData()[wireKey].(*wire)
	opened := &conn{stdConn: std, wire: w, stale: c.stale, fresh: c.stale.Load()}
	if c.o.ConnMaxLifetime > 0 && c.o.LifetimeJitter > 0 {
		opened.expires = time.Now().Add(c.o.ConnMaxLifetime - rand.N(c.o.LifetimeJitter))
	}
	// Each of its plans is stale, and each one's of those that were made as early.
	w.watch.stale = func() { c.stale.CompareAndSwap(opened.fresh, opened.fresh+1) }
	w.watch.arm()
	return opened, nil
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

// attachWire gives a connection that is about to be made its wire.
func attachWire(_ context.Context, cfg *pgx.ConnConfig) error {
	w := &wire{prepares: cfg.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && cfg.StatementCacheCapacity > 0}
	cfg.BuildFrontend = w.build
	cfg.DialFunc = w.dialer(cfg.DialFunc)
	next := cfg.AfterConnect
	cfg.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		conn.CustomData()[wireKey] = w
		if next != nil {
			return next(ctx, conn)
		}
		return nil
	}
	return nil
}

func (o Options) afterConnect(ctx context.Context, conn *pgx.Conn) error {
	if err := registerTypes(ctx, conn.PgConn(), conn.TypeMap()); err != nil {
		return err
	}
	origin, err := readOrigin(ctx, conn.PgConn())
	conn.PgConn().CustomData()[originKey] = origin
	return err
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
