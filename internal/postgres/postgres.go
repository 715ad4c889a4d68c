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
	"github.com/jackc/pgx/v5/stdlib"

	"commitment/internal/pgtx"
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

// errExecMode is about the modes in which pgx doesn't ask for the types of a
// statement's parameters: it would store the bytes of a [driver.Valuer] as \x… .
var errExecMode = errors.New("default_query_exec_mode=exec and simple_protocol aren't supported: use cache_describe")

// Open returns a pool. It doesn't connect: connections are made on demand. Its only
// error is a URL that can't be used, and doesn't show it, for the URL is secret.
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

// shouldPing reports whether a connection is pinged before it is used again.
func (o Options) shouldPing(_ context.Context, p stdlib.ShouldPingParams) bool {
	return p.IdleDuration > o.PingAfter
}

// lifetime is that of one connection. The zero duration leaves it to database/sql, which
// knows one lifetime for all.
func (o Options) lifetime() time.Duration {
	if o.ConnMaxLifetime <= 0 || o.LifetimeJitter <= 0 {
		return 0
	}
	return o.ConnMaxLifetime - rand.N(o.LifetimeJitter)
}

// connConfig is the options as pgx wants them.
func (o Options) connConfig() (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errURL // pgx's error may hold a part of the password
	}
	if mode := cfg.DefaultQueryExecMode; mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
		return nil, errExecMode
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
