// Package config turns environment variables into a Config: typed, complete, and
// checked, so that the parts that are built from it check nothing. It knows
// nothing of those parts, and is the only reader of the environment.
//
// The structs below are the reference: a field's tags name its variable, its
// default and its range, and its comment is the README's text. Both are kept the
// same by this package's tests.
package config

import (
	"log/slog"
	"time"
)

// Config is the service's configuration. Printed or logged, it shows no secrets.
type Config struct {
	// Environment tells development, which may start a private server and applies
	// migrations by itself, from production, which does neither and needs
	// DATABASE_URL. Defaults to development.
	Environment Environment `env:"COMMITMENT_ENV" default:"development"`
	// Addr is the host and port to serve on; port 0 takes a free one. Only this
	// machine reaches the default. Defaults to 127.0.0.1:8080.
	Addr string `env:"ADDR" default:"127.0.0.1:8080"`
	// Debug logs each statement with its arguments, secrets among them, and sets
	// LOG_LEVEL to debug. Defaults to false.
	Debug bool `env:"DEBUG" default:"false"`
	// ProfileAddr is the host and port to serve profiles on, for go tool pprof: not the
	// world's to reach, as 127.0.0.1:6060. Defaults to nothing: no profiles are served.
	ProfileAddr string `env:"PPROF_ADDR"`

	Log           Log
	PrivateServer PrivateServer
	Database      Database
	HTTP          HTTP
}

// Log configures the log on standard error.
type Log struct {
	// Level is the least level that is logged: debug, info, warn or error.
	// Defaults to info.
	Level Level `env:"LOG_LEVEL" default:"info"`
	// Format chooses text, json, or auto, which is text on a terminal and json
	// elsewhere. Defaults to auto.
	Format LogFormat `env:"LOG_FORMAT" default:"auto"`
}

// PrivateServer configures the PostgreSQL that development starts when it is
// given no DATABASE_URL.
type PrivateServer struct {
	// Programs is the folder that holds PostgreSQL's programs, for where they
	// aren't found. Defaults to nothing: PATH and the usual places are searched.
	Programs string `env:"COMMITMENT_POSTGRES_BIN"`
	// Folder holds the private server's data, which survive a restart. Defaults
	// to .commitment.
	Folder string `env:"COMMITMENT_DATA_DIR" default:".commitment"`
}

// Database configures the pool. A timeout or an application name that the URL
// itself sets wins over the setting here.
type Database struct {
	// URL is the database, as any URL or keyword string of libpq; its password is
	// never shown. Defaults to nothing: development starts a private server.
	URL URL `env:"DATABASE_URL"`
	// ApplicationName is how pg_stat_activity lists the connections. Defaults to
	// commitment.
	ApplicationName string `env:"DB_APPLICATION_NAME" default:"commitment"`

	// MaxOpenConns bounds the connections in use and idle together: times the
	// number of processes it must fit into the server's max_connections. Defaults
	// to 15.
	MaxOpenConns int `env:"DB_MAX_OPEN_CONNS" default:"15" min:"1" max:"10000"`
	// MaxIdleConns bounds the connections that wait for work. Fewer than
	// DB_MAX_OPEN_CONNS makes a busy pool dial all the time: let idle time shrink
	// it. Defaults to 15.
	MaxIdleConns int `env:"DB_MAX_IDLE_CONNS" default:"15" min:"0" max:"10000"`
	// ConnMaxIdleTime closes a connection that had no work for so long, so that
	// a quiet service gives connections back; 0s keeps them. Defaults to 5m.
	ConnMaxIdleTime time.Duration `env:"DB_CONN_MAX_IDLE_TIME" default:"5m" min:"0s" max:"24h"`
	// ConnMaxLifetime replaces a connection of that age, so that a server that
	// joins gets its share; 0s keeps them. Defaults to 30m.
	ConnMaxLifetime time.Duration `env:"DB_CONN_MAX_LIFETIME" default:"30m" min:"0s" max:"24h"`
	// LifetimeJitter takes up to so much off each connection's lifetime at random,
	// so that those opened together aren't closed together. Defaults to 3m.
	LifetimeJitter time.Duration `env:"DB_CONN_LIFETIME_JITTER" default:"3m" min:"0s" max:"24h"`
	// PingAfter is the idle time after which a connection is pinged before it is
	// used, so that a stale one is replaced unnoticed; 0s pings always. Defaults
	// to 1s.
	PingAfter time.Duration `env:"DB_PING_AFTER" default:"1s" min:"0s" max:"24h"`

	// AcquireTimeout bounds the wait for a connection; past it the answer is 503,
	// which tells a client more than a queue that only grows. Defaults to 5s.
	AcquireTimeout time.Duration `env:"DB_ACQUIRE_TIMEOUT" default:"5s" min:"1ms" max:"1h"`
	// ConnectTimeout bounds the making of a connection, for each host by itself.
	// Defaults to 5s.
	ConnectTimeout time.Duration `env:"DB_CONNECT_TIMEOUT" default:"5s" min:"1ms" max:"1h"`
	// StatementTimeout bounds each statement, on the server, which ends it even
	// when the service is gone; 0s sets no bound. Defaults to 15s.
	StatementTimeout time.Duration `env:"DB_STATEMENT_TIMEOUT" default:"15s" min:"0s" max:"24h"`
	// LockTimeout bounds each wait for a lock, on the server, so that one held
	// too long doesn't stop all that queue behind it; 0s sets no bound. Defaults
	// to 5s.
	LockTimeout time.Duration `env:"DB_LOCK_TIMEOUT" default:"5s" min:"0s" max:"24h"`
	// IdleInTransactionTimeout ends a session whose transaction waits for the
	// service for so long, as its locks stop others; 0s sets no bound. Defaults
	// to 30s.
	IdleInTransactionTimeout time.Duration `env:"DB_IDLE_IN_TRANSACTION_TIMEOUT" default:"30s" min:"0s" max:"24h"`
	// CommitTimeout bounds COMMIT and ROLLBACK each, which a client's departure
	// doesn't stop. Defaults to 10s.
	CommitTimeout time.Duration `env:"DB_COMMIT_TIMEOUT" default:"10s" min:"1ms" max:"1h"`
	// OutcomeTimeout bounds the search for the outcome of a COMMIT that got no
	// answer; past it the answer is that nobody knows. Defaults to 10s.
	OutcomeTimeout time.Duration `env:"DB_OUTCOME_TIMEOUT" default:"10s" min:"1ms" max:"1h"`
	// MaxAttempts is how many times a request is done that PostgreSQL rolled back
	// for no fault of its own, the first time included. Defaults to 3.
	MaxAttempts int `env:"DB_MAX_ATTEMPTS" default:"3" min:"1" max:"100"`
}

// HTTP configures the server.
type HTTP struct {
	// ReadHeaderTimeout bounds the reading of a request's header, so that slow
	// senders don't hold connections. Defaults to 5s.
	ReadHeaderTimeout time.Duration `env:"HTTP_READ_HEADER_TIMEOUT" default:"5s" min:"1ms" max:"1h"`
	// ReadTimeout bounds the reading of a whole request. Defaults to 30s.
	ReadTimeout time.Duration `env:"HTTP_READ_TIMEOUT" default:"30s" min:"1ms" max:"1h"`
	// WriteTimeout bounds the time from a request's header to the last byte of
	// its answer, and so must leave room for the work and its COMMIT. Defaults to
	// 60s.
	WriteTimeout time.Duration `env:"HTTP_WRITE_TIMEOUT" default:"60s" min:"1ms" max:"1h"`
	// IdleTimeout closes a connection that has had no request for so long.
	// Defaults to 2m.
	IdleTimeout time.Duration `env:"HTTP_IDLE_TIMEOUT" default:"2m" min:"1ms" max:"1h"`
	// RequestTimeout is the deadline of the work on a request; past it the work
	// is rolled back and the answer is 503. Defaults to 30s.
	RequestTimeout time.Duration `env:"HTTP_REQUEST_TIMEOUT" default:"30s" min:"1ms" max:"1h"`

	// MaxHeaderBytes bounds a request's header; past it the answer is 431.
	// Defaults to 64KiB.
	MaxHeaderBytes Bytes `env:"HTTP_MAX_HEADER_BYTES" default:"64KiB" min:"1KiB" max:"16MiB"`
	// MaxBodyBytes bounds a request's body; past it the answer is 413. Defaults to
	// 1MiB.
	MaxBodyBytes Bytes `env:"HTTP_MAX_BODY_BYTES" default:"1MiB" min:"1KiB" max:"1GiB"`
	// MaxAnswerBytes bounds an answer, which is held until its transaction is
	// committed; a larger one is rolled back. Defaults to 64MiB.
	MaxAnswerBytes Bytes `env:"HTTP_MAX_ANSWER_BYTES" default:"64MiB" min:"1KiB" max:"1GiB"`
	// AnswerMemoryBytes bounds what is held of an answer in memory; what goes
	// beyond is held in a temporary file. Defaults to 1MiB.
	AnswerMemoryBytes Bytes `env:"HTTP_ANSWER_MEMORY_BYTES" default:"1MiB" min:"1KiB" max:"1GiB"`
	// KeyLifetime is how long an Idempotency-Key is remembered. Defaults to 24h.
	KeyLifetime time.Duration `env:"HTTP_IDEMPOTENCY_KEY_LIFETIME" default:"24h" min:"1m" max:"8760h"`

	// Origins lists the origins, with commas between them, whose pages may use the
	// API from a browser (CORS), as https://app.example.com or
	// https://*.example.com; * is every page. Defaults to nothing: no other page may.
	Origins Origins `env:"HTTP_CORS_ORIGINS"`

	// RateLimit bounds the requests a minute that one client's address may send to the
	// API; past it the response is 429 with Retry-After. Each process counts by itself; 0
	// sets no bound. Defaults to 0.
	RateLimit int `env:"HTTP_RATE_LIMIT" default:"0" min:"0" max:"1000000"`
	// Proxies lists the networks, with commas between them, of the proxies in front of
	// the service, as 10.0.0.0/8: the client's address is what their X-Forwarded-For
	// says. Defaults to nothing: it is the address that the connection comes from.
	Proxies Networks `env:"HTTP_TRUSTED_PROXIES"`

	// ShutdownDelay is how long readiness is false before the listener closes,
	// for a load balancer to notice. Defaults to 0s.
	ShutdownDelay time.Duration `env:"HTTP_SHUTDOWN_DELAY" default:"0s" min:"0s" max:"1h"`
	// ShutdownTimeout bounds the wait for requests in flight once the listener has
	// closed; those still running then are cut off. Defaults to 20s.
	ShutdownTimeout time.Duration `env:"HTTP_SHUTDOWN_TIMEOUT" default:"20s" min:"1ms" max:"1h"`
}

// Environment is where the service runs.
type Environment string

// The environments.
const (
	Development Environment = "development"
	Production  Environment = "production"
)

// LogFormat is how the log is written.
type LogFormat string

// The formats of the log.
const (
	LogAuto LogFormat = "auto"
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Level is the least level that is logged. It is a [slog.Leveler].
type Level slog.Level

// Level is l as slog has it.
func (l Level) Level() slog.Level { return slog.Level(l) }

// String is l as LOG_LEVEL names it.
func (l Level) String() string {
	for name, level := range levels {
		if level == l {
			return name
		}
	}
	return slog.Level(l).String()
}
