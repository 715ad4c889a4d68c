// Package config reads environment variables into a Config: typed, complete and
// validated, so that the parts built from it validate nothing. It knows nothing of
// those parts, and nothing else reads the environment.
//
// The structs below are the reference: a field's tags name its variable, default and
// range, and its comment is the text of the table in docs/settings.md. Tests keep the
// two the same.
package config

import (
	"log/slog"
	"time"
)

// Config is the service's configuration. It shows no secrets when printed or logged.
type Config struct {
	// Environment is development or production. Development may start a private
	// PostgreSQL and applies migrations at start-up; production does neither and needs
	// DATABASE_URL. Defaults to development.
	Environment Environment `env:"COMMITMENT_ENV" default:"development"`
	// Addr is the host and port to listen on; port 0 picks a free one. The default is
	// reachable from this machine only. Defaults to 127.0.0.1:8080.
	Addr string `env:"ADDR" default:"127.0.0.1:8080"`
	// Debug logs each statement with its arguments, secrets included, and sets
	// LOG_LEVEL to debug. Defaults to false.
	Debug bool `env:"DEBUG" default:"false"`
	// PprofAddr is the host and port to serve pprof profiles on, such as
	// 127.0.0.1:6060. Keep it private. Defaults to nothing: no profiles are served.
	PprofAddr string `env:"PPROF_ADDR"`

	Log           Log
	Traces        Traces
	PrivateServer PrivateServer
	Database      Database
	HTTP          HTTP
	Auth          Auth
	Jobs          Jobs
	Webhook       Webhook
}

// Log configures the log on standard error.
type Log struct {
	// Level is the minimum level to log: debug, info, warn or error. Defaults to info.
	Level Level `env:"LOG_LEVEL" default:"info"`
	// Format is text, json or auto: text on a terminal, json elsewhere. Defaults to
	// auto.
	Format LogFormat `env:"LOG_FORMAT" default:"auto"`
	// SlowRequests is the duration from which a request is logged as slow, at level warn;
	// responses that stream are never slow. 0s logs none. Defaults to 0s.
	SlowRequests time.Duration `env:"LOG_SLOW_REQUESTS" default:"0s" min:"0s" max:"1h"`
	// SlowStatements is the duration from which a statement is logged, at level warn and
	// without its arguments. 0s logs none. Defaults to 0s.
	SlowStatements time.Duration `env:"LOG_SLOW_STATEMENTS" default:"0s" min:"0s" max:"1h"`
}

// Traces configures OpenTelemetry, whose names and meanings these are. Its SDK reads them
// itself, and others that aren't listed, such as OTEL_BSP_MAX_QUEUE_SIZE.
type Traces struct {
	// Disabled turns traces off, whatever else is set. Defaults to false.
	Disabled bool `env:"OTEL_SDK_DISABLED" default:"false"`
	// Exporter is otlp or none; otlp without an endpoint is for a collector at
	// http://localhost:4318. Defaults to nothing: there are traces if an endpoint is set.
	Exporter string `env:"OTEL_TRACES_EXPORTER"`
	// Endpoint is the collector's base URL, such as http://collector:4318; traces are sent
	// to /v1/traces below it. Defaults to nothing: there are no traces.
	Endpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	// TracesEndpoint is the whole URL for traces, and overrides the base URL. Defaults to
	// nothing.
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	// Protocol is http/protobuf or http/json. Defaults to http/protobuf.
	Protocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" default:"http/protobuf"`
	// Headers are sent to the collector, as name=value,name=value, such as
	// authorization=Bearer%20…; values are never shown. Defaults to nothing.
	Headers Headers `env:"OTEL_EXPORTER_OTLP_HEADERS"`
	// ServiceName is the service in traces. Defaults to commitment.
	ServiceName string `env:"OTEL_SERVICE_NAME" default:"commitment"`
	// ResourceAttributes describe the process in traces, as name=value,name=value, such as
	// deployment.environment.name=staging. Defaults to nothing.
	ResourceAttributes string `env:"OTEL_RESOURCE_ATTRIBUTES"`
	// Sampler decides which requests are traced: always_on, always_off or traceidratio,
	// with parentbased_ in front if the caller's decision counts. Defaults to
	// parentbased_always_on.
	Sampler string `env:"OTEL_TRACES_SAMPLER" default:"parentbased_always_on"`
	// SamplerArg is the share of traces for traceidratio, from 0 to 1. Defaults to nothing:
	// all of them.
	SamplerArg string `env:"OTEL_TRACES_SAMPLER_ARG"`
	// TrustParent makes requests that bring a traceparent a part of that trace. Set it to
	// false where anybody can send requests: theirs begin traces that link to the one they
	// bring. Defaults to true.
	TrustParent bool `env:"TRACES_TRUST_PARENT" default:"true"`
}

// Enabled reports whether there are traces.
func (t Traces) Enabled() bool {
	return !t.Disabled && t.Exporter != "none" && (t.Exporter != "" || t.Endpoint != "" || t.TracesEndpoint != "")
}

// PrivateServer configures the PostgreSQL that development starts when DATABASE_URL is
// not set.
type PrivateServer struct {
	// BinDir is the directory that holds PostgreSQL's programs. Defaults to nothing:
	// PATH and the usual directories are searched.
	BinDir string `env:"COMMITMENT_POSTGRES_BIN"`
	// DataDir is the directory of the private server's data, which survive a restart.
	// Defaults to .commitment.
	DataDir string `env:"COMMITMENT_DATA_DIR" default:".commitment"`
}

// Database configures the connection pool. A timeout or an application name in the URL
// overrides the setting here.
type Database struct {
	// URL is the database, as any libpq URL or keyword string; its password is never
	// shown. Defaults to nothing: development starts a private server.
	URL URL `env:"DATABASE_URL"`
	// ApplicationName identifies the connections in pg_stat_activity. Defaults to
	// commitment.
	ApplicationName string `env:"DB_APPLICATION_NAME" default:"commitment"`

	// MaxOpenConns limits open connections, in use and idle together. All processes
	// together must stay below the server's max_connections. Defaults to 15.
	MaxOpenConns int `env:"DB_MAX_OPEN_CONNS" default:"15" min:"1" max:"10000"`
	// MaxIdleConns limits idle connections. Below DB_MAX_OPEN_CONNS a busy pool keeps
	// reconnecting; shrink it by DB_CONN_MAX_IDLE_TIME instead. Defaults to 15.
	MaxIdleConns int `env:"DB_MAX_IDLE_CONNS" default:"15" min:"0" max:"10000"`
	// ConnMaxIdleTime closes a connection that has been idle for this long, so that a
	// quiet service releases connections; 0s keeps them. Defaults to 5m.
	ConnMaxIdleTime time.Duration `env:"DB_CONN_MAX_IDLE_TIME" default:"5m" min:"0s" max:"24h"`
	// ConnMaxLifetime replaces a connection of this age, so that a server that joins
	// gets its share; 0s keeps them. Defaults to 30m.
	ConnMaxLifetime time.Duration `env:"DB_CONN_MAX_LIFETIME" default:"30m" min:"0s" max:"24h"`
	// LifetimeJitter shortens each connection's lifetime by a random time up to this,
	// so that connections opened together don't close together. Defaults to 3m.
	LifetimeJitter time.Duration `env:"DB_CONN_LIFETIME_JITTER" default:"3m" min:"0s" max:"24h"`
	// PingAfter is the idle time after which a connection is pinged before use, so that
	// a dead one is replaced unnoticed; 0s always pings. Defaults to 1s.
	PingAfter time.Duration `env:"DB_PING_AFTER" default:"1s" min:"0s" max:"24h"`

	// AcquireTimeout limits the wait for a connection from the pool; past it the
	// response is 503, which is better than a queue that only grows. Defaults to 5s.
	AcquireTimeout time.Duration `env:"DB_ACQUIRE_TIMEOUT" default:"5s" min:"1ms" max:"1h"`
	// ConnectTimeout limits the time to open a connection, for each host separately.
	// Defaults to 5s.
	ConnectTimeout time.Duration `env:"DB_CONNECT_TIMEOUT" default:"5s" min:"1ms" max:"1h"`
	// StatementTimeout limits each statement. The server enforces it, even when the
	// service is gone; 0s is no limit. Defaults to 15s.
	StatementTimeout time.Duration `env:"DB_STATEMENT_TIMEOUT" default:"15s" min:"0s" max:"24h"`
	// LockTimeout limits each wait for a lock. The server enforces it, so that one lock
	// held for too long doesn't block everything behind it; 0s is no limit. Defaults to
	// 5s.
	LockTimeout time.Duration `env:"DB_LOCK_TIMEOUT" default:"5s" min:"0s" max:"24h"`
	// IdleInTransactionTimeout ends a session whose open transaction has been idle for
	// this long, because its locks block others; 0s is no limit. Defaults to 30s.
	IdleInTransactionTimeout time.Duration `env:"DB_IDLE_IN_TRANSACTION_TIMEOUT" default:"30s" min:"0s" max:"24h"`
	// CommitTimeout limits COMMIT, with the writes that travel with it, and ROLLBACK,
	// each by itself; a client that disconnects cancels neither. Defaults to 10s.
	CommitTimeout time.Duration `env:"DB_COMMIT_TIMEOUT" default:"10s" min:"1ms" max:"1h"`
	// OutcomeTimeout limits the search for the outcome of a COMMIT whose response was
	// lost; past it the response is 503 outcome-unknown. Defaults to 10s.
	OutcomeTimeout time.Duration `env:"DB_OUTCOME_TIMEOUT" default:"10s" min:"1ms" max:"1h"`
	// MaxAttempts is how often a request is attempted, the first time included, when
	// PostgreSQL rolls it back through no fault of its own. Defaults to 3.
	MaxAttempts int `env:"DB_MAX_ATTEMPTS" default:"3" min:"1" max:"100"`

	// ReplicaURLs lists streaming replicas that may serve what only reads, as postgres:// URLs
	// of a server each, separated by commas or spaces. Defaults to nothing: there are none.
	ReplicaURLs URLs `env:"DATABASE_REPLICA_URLS"`
	// ReplicaMaxLag is how far a replica may be behind the primary; past it the replica
	// serves nothing. Defaults to 10s.
	ReplicaMaxLag time.Duration `env:"DATABASE_REPLICA_MAX_LAG" default:"10s" min:"100ms" max:"5m"`
	// ReplicaPatience is how long a read waits for a replica that doesn't show yet what its
	// client has written or seen, before it goes to the primary. Defaults to 5ms.
	ReplicaPatience time.Duration `env:"DATABASE_REPLICA_PATIENCE" default:"5ms" min:"0s" max:"10s"`
	// TokenKeys is a secret of at least 32 characters that signs the Consistency-Token, or
	// several, comma-separated, of which the first one signs and all are accepted.
	// Production with DATABASE_REPLICA_URLS needs it. Defaults to nothing: each process
	// makes a key of its own.
	TokenKeys Keys `env:"REPLICA_TOKEN_KEY"`
}

// HTTP configures the HTTP server.
type HTTP struct {
	// ReadHeaderTimeout limits the time to read a request's header, so that slow
	// clients don't hold connections. Defaults to 5s.
	ReadHeaderTimeout time.Duration `env:"HTTP_READ_HEADER_TIMEOUT" default:"5s" min:"1ms" max:"1h"`
	// ReadTimeout limits the time to read a whole request. Defaults to 30s.
	ReadTimeout time.Duration `env:"HTTP_READ_TIMEOUT" default:"30s" min:"1ms" max:"1h"`
	// WriteTimeout limits the time from a request's header to the last byte of its
	// response, so it must leave room for the work and its COMMIT. Defaults to 60s.
	WriteTimeout time.Duration `env:"HTTP_WRITE_TIMEOUT" default:"60s" min:"1ms" max:"1h"`
	// IdleTimeout closes a client's connection that has had no request for this long.
	// Defaults to 2m.
	IdleTimeout time.Duration `env:"HTTP_IDLE_TIMEOUT" default:"2m" min:"1ms" max:"1h"`
	// RequestTimeout is the deadline for the work of a request; past it the work is
	// rolled back and the response is 503. Defaults to 30s.
	RequestTimeout time.Duration `env:"HTTP_REQUEST_TIMEOUT" default:"30s" min:"1ms" max:"1h"`

	// MaxHeaderBytes limits a request's header; past it the response is 431. Defaults
	// to 64KiB.
	MaxHeaderBytes Bytes `env:"HTTP_MAX_HEADER_BYTES" default:"64KiB" min:"1KiB" max:"16MiB"`
	// MaxBodyBytes limits a request's body; past it the response is 413. Defaults to
	// 1MiB.
	MaxBodyBytes Bytes `env:"HTTP_MAX_BODY_BYTES" default:"1MiB" min:"1KiB" max:"1GiB"`
	// MaxResponseBytes limits a response body, which is held until its transaction is
	// committed; a larger one is rolled back. Defaults to 64MiB.
	MaxResponseBytes Bytes `env:"HTTP_MAX_RESPONSE_BYTES" default:"64MiB" min:"1KiB" max:"1GiB"`
	// ResponseMemoryBytes limits how much of a held response body stays in memory; the
	// rest goes to a temporary file. All responses together keep 64 times as much.
	// Defaults to 1MiB.
	ResponseMemoryBytes Bytes `env:"HTTP_RESPONSE_MEMORY_BYTES" default:"1MiB" min:"1KiB" max:"1GiB"`
	// KeyLifetime is how long an Idempotency-Key is remembered. Defaults to 24h.
	KeyLifetime time.Duration `env:"HTTP_IDEMPOTENCY_KEY_LIFETIME" default:"24h" min:"1m" max:"8760h"`

	// CORSOrigins is a comma-separated list of origins whose pages may use the API from
	// a browser (CORS), such as https://app.example.com or https://*.example.com; *
	// allows every page. Defaults to nothing: pages of other origins may not.
	CORSOrigins Origins `env:"HTTP_CORS_ORIGINS"`

	// RateLimit is how many API requests a client's address may send per minute; past
	// it the response is 429 with Retry-After. Each process counts separately; 0 is no
	// limit. Defaults to 0.
	RateLimit int `env:"HTTP_RATE_LIMIT" default:"0" min:"0" max:"1000000"`
	// TrustedProxies is a comma-separated list of the networks of the proxies in front
	// of the service, such as 10.0.0.0/8; their X-Forwarded-For determines the client's
	// address. Defaults to nothing: the peer's address is the client's.
	TrustedProxies Networks `env:"HTTP_TRUSTED_PROXIES"`

	// ShutdownDelay is how long readiness is false before the listener closes, so that
	// a load balancer notices. Defaults to 0s.
	ShutdownDelay time.Duration `env:"HTTP_SHUTDOWN_DELAY" default:"0s" min:"0s" max:"1h"`
	// ShutdownTimeout limits the wait for requests in flight once the listener has
	// closed; those still running then are cut off. Defaults to 20s.
	ShutdownTimeout time.Duration `env:"HTTP_SHUTDOWN_TIMEOUT" default:"20s" min:"1ms" max:"1h"`
}

// Auth configures whose requests are served.
type Auth struct {
	// Mode is on or off. Off takes everybody for one sender who may do everything;
	// production wants that said in full, as off-in-production. Defaults to on.
	Mode AuthMode `env:"AUTH" default:"on"`
	// Issuer is the OpenID Connect issuer whose tokens are accepted, as in their claim
	// iss; none accepts API keys alone. Production needs it. Defaults to nothing:
	// development issues tokens itself.
	Issuer string `env:"AUTH_ISSUER"`
	// Audience is this service's name at the issuer: a token must have it in its claim
	// aud. AUTH_ISSUER needs it. Defaults to nothing.
	Audience string `env:"AUTH_AUDIENCE"`
	// TenantClaim is the claim that names the sender's tenant. Defaults to tenant_id.
	TenantClaim string `env:"AUTH_TENANT_CLAIM" default:"tenant_id"`
	// MaxFailures is how many invalid credentials an address may send in a minute; past
	// it the response to them is 429. Defaults to 60.
	MaxFailures int `env:"AUTH_MAX_FAILURES" default:"60" min:"1" max:"1000000"`
}

// Jobs configures the workers of durable jobs.
type Jobs struct {
	// Workers is how many jobs a process runs at a time; 0 runs none, and leaves them to
	// other processes, such as those of the command work. Defaults to 10.
	Workers int `env:"JOBS_WORKERS" default:"10" min:"0" max:"10000"`
	// URL is the database as workers reach it: without the pooler, if DATABASE_URL leads
	// to one. They open up to five connections. Defaults to nothing: DATABASE_URL.
	URL URL `env:"JOBS_DATABASE_URL"`
	// Listen makes workers LISTEN for jobs. Behind a pooler in transaction mode that
	// doesn't work, and false looks for jobs four times a second. Defaults to true.
	Listen bool `env:"JOBS_LISTEN" default:"true"`
	// Timeout limits a job, unless its worker says otherwise. A job whose process was
	// killed is retried once it has passed. Defaults to 1m.
	Timeout time.Duration `env:"JOBS_TIMEOUT" default:"1m" min:"1s" max:"24h"`
}

// Webhook configures who is told of large transfers.
type Webhook struct {
	// URL gets a signed request for each transfer of more than WEBHOOK_ABOVE. Defaults to
	// nothing: nobody is told.
	URL string `env:"WEBHOOK_URL"`
	// Secret signs the requests (Standard Webhooks): whsec_ and 24 to 64 random bytes in
	// Base64. Defaults to nothing.
	Secret Secret `env:"WEBHOOK_SECRET"`
	// Above is the largest amount that nobody is told of, in minor units. Defaults to 0.
	Above int `env:"WEBHOOK_ABOVE" default:"0" min:"0" max:"9007199254740991"`
}

// NoIssuer is the [Auth.Issuer] that accepts no tokens.
const NoIssuer = "none"

// AuthMode says whether requests are authenticated.
type AuthMode string

// The modes.
const (
	AuthOn              AuthMode = "on"
	AuthOff             AuthMode = "off"
	AuthOffInProduction AuthMode = "off-in-production"
)

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

// Level is the minimum level to log. It is a [slog.Leveler].
type Level slog.Level

// Level returns l as slog has it.
func (l Level) Level() slog.Level { return slog.Level(l) }

// String returns l as LOG_LEVEL names it.
func (l Level) String() string {
	for name, level := range levels {
		if level == l {
			return name
		}
	}
	return slog.Level(l).String()
}
