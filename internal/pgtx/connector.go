package pgtx

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
)

// Connector makes connections for a [database/sql.DB].
type Connector struct {
	driver.Connector // of pgx

	// Lifetime returns how long the connection that is being made may be used.
	// Zero sets no limit, and so does a nil Lifetime.
	Lifetime func() time.Duration

	// stale counts how often a plan turned out to be stale: a migration has changed
	// a table under all connections, and not only under the one that found out.
	stale atomic.Int64
}

// NewConnector returns a connector with the options of [stdlib.GetConnector], of which
// OptionBeforeConnect is its own, as OnPgError and BuildContextWatcherHandler of cfg are.
func NewConnector(cfg pgx.ConnConfig, options ...stdlib.OptionOpenDB) *Connector {
	cfg.OnPgError = keepSession
	cfg.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { return &canceler{conn: conn} }
	options = append(options, stdlib.OptionBeforeConnect(attachWire))
	return &Connector{Connector: stdlib.GetConnector(cfg, options...)}
}

// Connect makes a connection. Every refusal is an outage at that moment: a password
// that was changed, a database that is gone. The same SQLSTATE in a statement is the
// statement's. Whoever gives up the wait gets their own error.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.connect(ctx)
	if err != nil && ctx.Err() == nil {
		return nil, &ConnectionError{err}
	}
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (c *Connector) connect(ctx context.Context) (*conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	std := made.(*stdlib.Conn) // pgx makes no other
	pg := std.Conn().PgConn()
	origin, err := readOrigin(ctx, pg)
	if err != nil {
		return nil, errors.Join(err, std.Close())
	}
	w := pg.CustomData()[wireKey].(*wire)
	opened := &conn{stdConn: std, wire: w, origin: origin, stale: &c.stale, fresh: c.stale.Load()}
	if c.Lifetime != nil {
		if lifetime := c.Lifetime(); lifetime > 0 {
			opened.expires = time.Now().Add(lifetime)
		}
	}
	// Each of its plans is stale, and each one's of those that were made as early.
	w.watch.stale = func() { c.stale.CompareAndSwap(opened.fresh, opened.fresh+1) }
	w.watch.arm()
	return opened, nil
}

// wireKey is the connection's [*wire] in its CustomData.
const wireKey = "commitment.wire"

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

// PendingBegin returns what travels in front of the next statement on conn, for a log:
// BEGIN and all that belongs to it, or nothing.
func PendingBegin(conn *pgx.Conn) string {
	if w, ok := conn.PgConn().CustomData()[wireKey].(*wire); ok && w.begin != nil {
		return w.begin.String()
	}
	return ""
}
