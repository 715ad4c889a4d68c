package postgres

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"commitment/internal/pgtx"
)

// Options configure a pool. A timeout or an application name in the URL overrides the
// option. A zero duration is no limit, except that a zero PingAfter always pings. Zero
// MaxOpenConns is no limit, zero MaxIdleConns keeps none.
type Options struct {
	// URL is the database's connection string, in any form that libpq accepts.
	URL string
	// ApplicationName is shown in pg_stat_activity.
	ApplicationName string

	// Role is the role that the connections work as, if it isn't the one of the URL. A
	// pooler doesn't pass it on.
	Role string

	// MaxOpenConns limits the connections, in use and idle.
	MaxOpenConns int
	// MaxIdleConns limits the idle connections. With less than MaxOpenConns a busy
	// pool dials all the time; let ConnMaxIdleTime shrink it instead.
	MaxIdleConns int
	// ConnMaxIdleTime is how long a connection may be idle before it is closed.
	ConnMaxIdleTime time.Duration
	// ConnMaxLifetime is the age at which a connection is closed, once it is idle.
	ConnMaxLifetime time.Duration
	// LifetimeJitter is the most by which a connection's lifetime is shortened at
	// random, so that connections opened together aren't closed together.
	LifetimeJitter time.Duration
	// PingAfter is the idle time after which a connection is pinged before it is
	// used again, so that a dead one is replaced and causes no error.
	PingAfter time.Duration

	// ConnectTimeout limits connecting, login included, for each host.
	ConnectTimeout time.Duration
	// StatementTimeout is the server's statement_timeout.
	StatementTimeout time.Duration
	// LockTimeout is the server's lock_timeout.
	LockTimeout time.Duration
	// IdleInTransactionTimeout is the server's idle_in_transaction_session_timeout.
	IdleInTransactionTimeout time.Duration

	// Echo logs each statement at debug level with its arguments, duration and
	// number of rows. Nil logs nothing.
	Echo *slog.Logger
	// SlowStatement is the duration from which a statement is logged to Log, at warn level
	// and without its arguments. Zero logs none.
	SlowStatement time.Duration
	// Log gets slow statements.
	Log *slog.Logger
	// Tracer follows connections and statements. Nil follows none.
	Tracer pgx.QueryTracer
}

// errURL doesn't say what is wrong, because that could reveal a secret. Package config
// does, in its own words.
var errURL = errors.New("the database URL is invalid")

// errExecMode refuses the modes in which pgx doesn't ask the server for the types of a
// statement's parameters, and would store the bytes of a [driver.Valuer] as \x… .
var errExecMode = errors.New("default_query_exec_mode=exec and simple_protocol aren't supported: use cache_describe")

// Open returns a pool. It doesn't connect: connections are made on demand. It fails only
// for an invalid URL, and the error doesn't reveal it.
func Open(o Options) (*sql.DB, error) {
	cfg, err := o.connConfig()
	if err != nil {
		return nil, err
	}
	connector := pgtx.NewConnector(*cfg, stdlib.OptionAfterConnect(registerTypes), stdlib.OptionShouldPing(o.shouldPing))
	connector.Lifetime = o.lifetime
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(o.MaxOpenConns)
	db.SetMaxIdleConns(o.MaxIdleConns)
	db.SetConnMaxIdleTime(o.ConnMaxIdleTime)
	db.SetConnMaxLifetime(o.ConnMaxLifetime)
	return db, nil
}

// OpenPgx returns a small pool of pgx's own, of at most conns connections, for a library
// that needs one. Its connections have the options of those of [Open], as far as those
// are of a session.
func OpenPgx(ctx context.Context, o Options, conns int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errURL
	}
	o.configure(cfg.ConnConfig)
	cfg.MaxConns = conns
	cfg.MaxConnIdleTime = o.ConnMaxIdleTime
	cfg.MaxConnLifetime = o.ConnMaxLifetime
	cfg.MaxConnLifetimeJitter = o.LifetimeJitter
	return pgxpool.NewWithConfig(ctx, cfg)
}

// shouldPing reports whether a connection is pinged before it is used again.
func (o Options) shouldPing(_ context.Context, p stdlib.ShouldPingParams) bool {
	return p.IdleDuration > o.PingAfter
}

// lifetime returns the lifetime of one connection. Zero leaves it to database/sql, which
// has the same lifetime for all.
func (o Options) lifetime() time.Duration {
	if o.ConnMaxLifetime <= 0 || o.LifetimeJitter <= 0 {
		return 0
	}
	return o.ConnMaxLifetime - rand.N(o.LifetimeJitter)
}

// connConfig returns the options as a configuration of pgx.
func (o Options) connConfig() (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errURL // pgx's error may contain a part of the password
	}
	if mode := cfg.DefaultQueryExecMode; mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
		return nil, errExecMode
	}
	o.configure(cfg)
	return cfg, nil
}

// configure sets the options of a session.
func (o Options) configure(cfg *pgx.ConnConfig) {
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = o.ConnectTimeout
	}
	for name, value := range map[string]string{
		"application_name":                    o.ApplicationName,
		"role":                                o.Role,
		"statement_timeout":                   milliseconds(o.StatementTimeout),
		"lock_timeout":                        milliseconds(o.LockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(o.IdleInTransactionTimeout),
	} {
		if value != "" && !given(cfg.RuntimeParams, name) {
			cfg.RuntimeParams[name] = value
		}
	}
	cfg.Tracer = o.tracer()
}

// tracer returns what follows the statements, or nil.
func (o Options) tracer() pgx.QueryTracer {
	var tracers []pgx.QueryTracer
	if o.Echo != nil {
		tracers = append(tracers, echo{log: o.Echo})
	}
	if o.SlowStatement > 0 {
		tracers = append(tracers, slow{o.Log, o.SlowStatement})
	}
	if o.Tracer != nil {
		tracers = append(tracers, o.Tracer)
	}
	switch len(tracers) {
	case 0:
		return nil
	case 1:
		return tracers[0]
	}
	return multitracer.New(tracers...)
}

// given reports whether the URL sets the parameter of that name: by itself, or in the
// server's command-line options.
func given(params map[string]string, name string) bool {
	if _, ok := params[name]; ok {
		return true
	}
	option := `(-c\s*|--)` + strings.ReplaceAll(name, "_", "[-_]") + `\s*=`
	return regexp.MustCompile(option).MatchString(params["options"])
}

// milliseconds returns d as the value of a timeout of PostgreSQL, or "" for zero.
func milliseconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatInt(max(d.Milliseconds(), 1), 10)
}
