package pgtx

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/stdlib"
)

// Connector makes connections for a [database/sql.DB].
type Connector struct {
	driver.Connector // pgx's

	// Lifetime returns how long the connection that is being made may be used. Zero is
	// no limit. Defaults to no limit.
	Lifetime func() time.Duration

	// stalePlans counts the times that a plan was found stale: a migration has changed
	// a table for all connections, not only for the one that has noticed.
	stalePlans atomic.Int64
}

// NewConnector returns a connector with the options of [stdlib.GetConnector]. It sets
// OptionBeforeConnect, and OnPgError and BuildContextWatcherHandler in cfg, itself.
func NewConnector(cfg pgx.ConnConfig, options ...stdlib.OptionOpenDB) *Connector {
	cfg.OnPgError = keepSession
	cfg.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { return &canceler{conn: conn} }
	options = append(options, stdlib.OptionBeforeConnect(attachWire))
	return &Connector{Connector: stdlib.GetConnector(cfg, options...)}
}

// Connect makes a connection. Every failure, whatever its SQLSTATE, is a
// [ConnectionError]: a changed password or a dropped database is an outage here, and a
// defect in a statement. A caller that gives up gets its context's error.
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
	std := made.(*stdlib.Conn) // pgx returns no other type
	pg := std.Conn().PgConn()
	origin, direct, err := readOrigin(ctx, pg)
	if err != nil {
		return nil, errors.Join(err, std.Close())
	}
	w := pg.CustomData()[wireKey].(*wire)
	connected := &conn{stdConn: std, wire: w, origin: origin, direct: direct, stalePlans: &c.stalePlans, plansSince: c.stalePlans.Load()}
	if c.Lifetime != nil {
		if lifetime := c.Lifetime(); lifetime > 0 {
			connected.expires = time.Now().Add(lifetime)
		}
	}
	// All plans of this connection may be stale, and those of connections of its age.
	w.tracker.onStalePlan = func() { c.stalePlans.CompareAndSwap(connected.plansSince, connected.plansSince+1) }
	w.tracker.sessionStarted()
	return connected, nil
}

// wireKey is the key of a connection's [*wire] in its CustomData.
const wireKey = "commitment.wire"

// attachWire puts a wire below the connection that is about to be made. Pgx may try several
// hosts for it. Each has a wire of its own, for pgx closes one that fails in a goroutine,
// while it tries the next one.
func attachWire(_ context.Context, cfg *pgx.ConnConfig) error {
	prepares := cfg.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && cfg.StatementCacheCapacity > 0
	var latest *wire
	committing := &atomic.Bool{}
	cfg.BuildFrontend = func(in io.Reader, out io.Writer) *pgproto3.Frontend {
		latest = &wire{prepares: prepares, committing: committing}
		return latest.newFrontend(in, out)
	}
	cfg.DialFunc = dialer(cfg.DialFunc, committing)
	next := cfg.AfterConnect
	cfg.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		conn.CustomData()[wireKey] = latest
		latest.parking.conn = conn.Conn()
		if next != nil {
			return next(ctx, conn)
		}
		return nil
	}
	return nil
}

// keepSession is a [pgconn.PgErrorHandler]: it reports whether a session outlives an
// error. If the server refuses the writes of a read-write transaction, or isn't the primary
// that a transaction wants to read on, the session is closed, since the next one may reach a
// server that serves it; to tell this from a write in a read-only transaction, the error's
// severity is raised to FATAL.
func keepSession(conn *pgconn.PgConn, err *pgconn.PgError) bool {
	w, ok := conn.CustomData()[wireKey].(*wire)
	switch {
	case !ok:
	case w.readWrite && !w.tracker.modeUncertain && err.Code == readOnlyTransaction,
		w.onPrimary && !w.tracker.started && err.Code == objectNotInPrerequisiteState:
		err.SeverityUnlocalized = "FATAL"
	}
	return !isFatal(err)
}

// PendingBegin returns, for a log, what will be sent in front of the next statement on
// conn: a parked COMMIT, BEGIN, the settings and the query for the id. It is empty if
// nothing will.
func PendingBegin(conn *pgx.Conn) string {
	w, ok := conn.PgConn().CustomData()[wireKey].(*wire)
	switch {
	case !ok || w.begin == nil:
		return ""
	case w.parking.occupied.Load():
		return "commit; " + w.begin.String()
	}
	return w.begin.String()
}
