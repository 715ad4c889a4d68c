package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// Options configure a pool. What the URL says of a timeout or of the
// application's name wins over the option. A zero duration sets no limit, but for
// PingAfter, where it pings always; zero connections are no limit when open, and
// none when idle.
type Options struct {
	// URL names the database in any form that libpq understands.
	URL string
	// ApplicationName is what pg_stat_activity shows.
	ApplicationName string

	// MaxOpenConns bounds the connections in use and idle together.
	MaxOpenConns int
	// MaxIdleConns bounds the connections that wait for work. Less than
	// MaxOpenConns makes a busy pool dial all the time; let idle time shrink it.
	MaxIdleConns int
	// ConnMaxIdleTime closes a connection that had no work for so long.
	ConnMaxIdleTime time.Duration
	// ConnMaxLifetime closes a connection of that age once it is free.
	ConnMaxLifetime time.Duration
	// LifetimeJitter takes up to so much off each connection's lifetime, so
	// that connections opened together aren't closed together.
	LifetimeJitter time.Duration
	// PingAfter is the idle time after which a connection is pinged before it
	// is used again, so that a stale one is replaced unnoticed.
	PingAfter time.Duration

	// ConnectTimeout bounds the whole of a connect, for each host by itself.
	ConnectTimeout time.Duration
	// StatementTimeout bounds each statement, on the server.
	StatementTimeout time.Duration
	// LockTimeout bounds each wait for a lock, on the server.
	LockTimeout time.Duration
	// IdleInTransactionTimeout ends a session whose transaction waits for its
	// client for so long, on the server.
	IdleInTransactionTimeout time.Duration

	// Echo logs each statement at debug level with its arguments, duration and
	// number of rows. Nil logs nothing.
	Echo *slog.Logger
}

// errURL doesn't say what is wrong, for that may be secret; package config does,
// in words of its own.
var errURL = errors.New("the database URL is not understood")

// Open returns a pool. It doesn't connect: connections are made on demand. Its only
// error is a URL that isn't understood, and doesn't say why, for the URL is secret.
func Open(o Options) (*sql.DB, error) {
	cfg, err := o.connConfig()
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*cfg,
		stdlib.OptionBeforeConnect(attachWire),
		stdlib.OptionAfterConnect(o.afterConnect),
		stdlib.OptionShouldPing(func(_ context.Context, p stdlib.ShouldPingParams) bool {
			forgetBegin(p.Conn) // before anything is sent, and be it the ping
			return p.IdleDuration > o.PingAfter
		}),
		stdlib.OptionResetSession(func(_ context.Context, conn *pgx.Conn) error {
			return discard(conn, time.Now())
		}),
	)
	db.SetMaxOpenConns(o.MaxOpenConns)
	db.SetMaxIdleConns(o.MaxIdleConns)
	db.SetConnMaxIdleTime(o.ConnMaxIdleTime)
	db.SetConnMaxLifetime(o.ConnMaxLifetime)
	return db, nil
}

// connConfig is the options as pgx wants them.
func (o Options) connConfig() (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errURL // pgx's error may hold a part of the password
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = o.ConnectTimeout
	}
	for name, value := range map[string]string{
		"application_name":                    o.ApplicationName,
		"statement_timeout":                   milliseconds(o.StatementTimeout),
		"lock_timeout":                        milliseconds(o.LockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(o.IdleInTransactionTimeout),
	} {
		if value != "" && !given(cfg.RuntimeParams, name) {
			cfg.RuntimeParams[name] = value
		}
	}
	cfg.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { return &canceler{conn: conn} }
	if o.Echo != nil {
		cfg.Tracer = echo{log: o.Echo}
	}
	return cfg, nil
}

// given reports whether the URL says what the parameter of that name is: by itself, or
// in options, as the server's command line has it.
func given(params map[string]string, name string) bool {
	if _, ok := params[name]; ok {
		return true
	}
	option := `(-c\s*|--)` + strings.ReplaceAll(name, "_", "[-_]") + `\s*=`
	return regexp.MustCompile(option).MatchString(params["options"])
}

// milliseconds is d as PostgreSQL's timeouts take it; empty when d is zero.
func milliseconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatInt(max(d.Milliseconds(), 1), 10)
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

// What a connection knows about itself.
const (
	expiresKey = "commitment.expires" // time.Time: when it is to be replaced
	originKey  = "commitment.origin"  // Origin: of its transactions' ids
)

func (o Options) afterConnect(ctx context.Context, conn *pgx.Conn) error {
	// Times are UTC everywhere, whatever the zone of the machine or the session.
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name:  "timestamptz",
		OID:   pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	encodeUUIDs(conn.TypeMap())
	encodeUnsigned(conn.TypeMap())
	known := conn.PgConn().CustomData()
	if o.ConnMaxLifetime > 0 && o.LifetimeJitter > 0 {
		known[expiresKey] = time.Now().Add(o.ConnMaxLifetime - rand.N(o.LifetimeJitter))
	}
	origin, err := readOrigin(ctx, conn.PgConn())
	known[originKey] = origin
	return err
}

// forgetBegin drops a BEGIN that was never sent, when a transaction was left
// without an end: the next user of the connection didn't ask for it.
func forgetBegin(conn *pgx.Conn) {
	if w, ok := conn.PgConn().CustomData()[wireKey].(*wire); ok {
		w.begin = nil
	}
}

// discard makes database/sql replace a connection that is past its own, jittered,
// end, for database/sql itself knows one lifetime for all.
func discard(conn *pgx.Conn, now time.Time) error {
	if end, ok := conn.PgConn().CustomData()[expiresKey].(time.Time); ok && now.After(end) {
		return driver.ErrBadConn
	}
	return nil
}
