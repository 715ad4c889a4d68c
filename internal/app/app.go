// Package app builds the service's parts from a Config, starts them in order and stops
// them in reverse: the database starts first and stops last, and the listener is open
// before the service reports that it runs. No other package knows all of the parts.
package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	_ "commitment/ent/runtime" // registers the schemas' defaults, validators, hooks and policies
	"commitment/internal/config"
	"commitment/internal/httpapi"
	"commitment/internal/identity"
	"commitment/internal/jobs"
	"commitment/internal/middleware"
	"commitment/internal/postgres"
	"commitment/internal/printable"
	"commitment/internal/telemetry"
	"commitment/internal/tracing"
)

// Output is where the service writes.
type Output struct {
	// Console is for the person who started the service.
	Console io.Writer
	// Log gets one record per line.
	Log io.Writer
}

// Serve runs the service until ctx ends, then shuts it down: readiness turns false, the
// listener closes, requests in flight, jobs and after-commit functions finish, the pool
// closes. It returns nil if the shutdown cut nothing off, or if ctx ends before the
// service serves.
func Serve(ctx context.Context, cfg config.Config, out Output) error {
	return run(ctx, cfg, out, newService)
}

// Work is [Serve] for a process that only runs jobs: it serves its health and its
// metrics.
func Work(ctx context.Context, cfg config.Config, out Output) error {
	return run(ctx, cfg, out, newWorker)
}

// parts are what a service is made of, once the database is open.
type parts struct {
	cfg    config.Config
	log    *slog.Logger
	pool   *sql.DB
	copies *replicaPools
	ready  *readiness
	traces *tracing.Tracing // nil without
}

// constructor makes a service.
type constructor func(parts) (*service, error)

func run(ctx context.Context, cfg config.Config, out Output, construct constructor) error {
	log := newLogger(cfg, out.Log)
	TuneMemory(log)
	served, err := serve(ctx, cfg, out.Console, log, construct)
	if served || ctx.Err() == nil {
		return err
	}
	// An error after the interrupt is its consequence: initdb was killed, for example.
	log.Info("interrupted before serving", "error", err)
	return nil
}

// serve is run; it also reports whether it got as far as serving.
func serve(ctx context.Context, cfg config.Config, console io.Writer, log *slog.Logger, construct constructor) (served bool, err error) {
	listener, err := listen(ctx, "ADDR", cfg.Addr)
	if err != nil {
		return false, err
	}
	defer func() { _ = listener.Close() }() // in case of an error before the server owns it
	profiles, err := serveProfiles(ctx, cfg.PprofAddr, log)
	if err != nil {
		return false, err
	}
	defer func() { _ = profiles.Close() }()

	database, err := OpenDatabase(ctx, cfg, func(line string) { fmt.Fprintln(console, line) })
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	if cfg.Environment == config.Development {
		if err := database.migrate(ctx, log); err != nil {
			return false, err
		}
	}

	traces, err := openTraces(ctx, cfg, log)
	if err != nil {
		return false, err
	}
	defer flushTraces(traces, log)
	options := poolOptions(cfg, database.URL, log)
	options.Tracer = traces.Statements()
	if options.Role, err = database.serviceRole(ctx, cfg); err != nil {
		return false, err
	}
	pool, err := postgres.Open(options)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	ready, err := openReadiness(options, cfg.Environment == config.Production)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, ready.pool.Close()) }()
	copies, err := openReplicas(ctx, cfg, options, log)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, copies.close()) }()
	s, err := construct(parts{cfg, log, pool, copies, ready, traces})
	if err != nil {
		return false, err
	}
	jobsPool, err := s.openJobs(ctx, options, traces)
	if err != nil {
		return false, err
	}
	if jobsPool != nil {
		defer jobsPool.Close()
	}
	notReady := ready.check(ctx)
	if errors.Is(notReady, errRole) {
		return false, notReady
	}
	if notReady != nil {
		log.WarnContext(ctx, "not ready", "error", notReady)
	}
	if err := s.announce(console, listener.Addr(), database, notReady); err != nil {
		return false, err
	}
	return true, s.run(ctx, listener, database.Done())
}

func newLogger(cfg config.Config, w io.Writer) *slog.Logger {
	format := string(cfg.Log.Format)
	if cfg.Log.Format == config.LogAuto {
		format = telemetry.JSON
		if f, ok := w.(*os.File); ok {
			format = telemetry.FormatFor(f)
		}
	}
	return telemetry.NewLogger(w, format, cfg.Log.Level, func(ctx context.Context) []slog.Attr {
		var attrs []slog.Attr
		if id := middleware.RequestIDFrom(ctx); id != "" {
			attrs = append(attrs, slog.String("request_id", id))
		}
		if job := jobs.FromContext(ctx); job != nil {
			attrs = append(attrs, slog.Int64("job_id", job.ID), slog.String("job_kind", job.Kind))
		}
		if p := identity.From(ctx); p != nil {
			attrs = append(attrs, slog.String("subject", p.Subject), slog.String("tenant", p.Tenant.String()))
		}
		if cfg.Traces.Enabled() {
			attrs = append(attrs, tracing.Attrs(ctx)...)
		}
		return attrs
	})
}

// listen listens on the address of a setting.
func listen(ctx context.Context, setting, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w: set %s to another address, such as %[2]s=127.0.0.1:8081", err, setting)
	}
	return listener, nil
}

func poolOptions(cfg config.Config, url string, log *slog.Logger) postgres.Options {
	db := cfg.Database
	o := postgres.Options{
		URL:                      url,
		ApplicationName:          db.ApplicationName,
		MaxOpenConns:             db.MaxOpenConns,
		MaxIdleConns:             db.MaxIdleConns,
		ConnMaxIdleTime:          db.ConnMaxIdleTime,
		ConnMaxLifetime:          db.ConnMaxLifetime,
		LifetimeJitter:           db.LifetimeJitter,
		PingAfter:                db.PingAfter,
		ConnectTimeout:           db.ConnectTimeout,
		StatementTimeout:         db.StatementTimeout,
		LockTimeout:              db.LockTimeout,
		IdleInTransactionTimeout: db.IdleInTransactionTimeout,
		SlowStatement:            cfg.Log.SlowStatements,
		Log:                      log,
	}
	if cfg.Debug {
		o.Echo = log
	}
	return o
}

// run serves until ctx ends or the private server stops.
func (s *service) run(ctx context.Context, on net.Listener, databaseDone <-chan struct{}) error {
	stopJobs := s.runJobs(ctx)
	defer s.recordKeyUses()()
	defer s.checkReplicas()()
	failed := make(chan error, 1)
	go func() { failed <- s.server.Serve(listener{on}) }()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), stopJobs())
	case <-databaseDone:
		return errors.Join(errDatabaseStopped, s.shutdown(), stopJobs())
	case <-ctx.Done():
		return errors.Join(s.shutdown(), stopJobs())
	}
}

// recordKeyUses records when API keys are used, until the function that it returns is
// called: after the shutdown, so that the uses of the last requests are recorded, too.
func (s *service) recordKeyUses() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.keys.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// shutdown waits for the requests in flight and their after-commit functions.
func (s *service) shutdown() error {
	s.log.Info("shutting down", "timeout", s.cfg.HTTP.ShutdownTimeout)
	s.ready.close()
	<-time.After(s.cfg.HTTP.ShutdownDelay) // for load balancers to see that readiness is false
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.HTTP.ShutdownTimeout)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), s.server.Close())
	}
	if err := s.db.Wait(ctx); err != nil {
		return fmt.Errorf("after-commit functions were cut off: %w", err)
	}
	return nil
}

// announce prints where everything is, and why the service isn't ready, if it isn't.
func (s *service) announce(w io.Writer, addr net.Addr, database *Database, notReady error) error {
	base := "http://" + addr.String()
	state, serves, hint := "Commitment runs jobs.", "", "See them:\n\n  go run ./cmd/commitment jobs list"
	if s.servesAPI {
		credentials, err := s.exampleCredentials()
		if err != nil {
			return err
		}
		state, hint = "Commitment is ready.", "Try it:\n\n  "+httpapi.Example(base)+credentials
		serves = "  API       " + base + "/v1\n  docs      " + base + "/docs/\n"
	}
	if notReady != nil {
		state = "Commitment is NOT READY: " + printable.Text(notReady.Error())
		hint = "Check again:\n\n  curl " + base + "/readyz"
	}
	psql := ""
	if database.Private() {
		psql = "\n  psql      go run ./cmd/commitment psql"
	}
	fmt.Fprintf(w, `
%[1]s

%[2]s  metrics   %[3]s/metrics
  database  %[4]s%[5]s

%[6]s

`, state, serves, base, database, psql, hint)
	return nil
}

// exampleCredentials returns curl's option for a request that the API accepts.
func (s *service) exampleCredentials() (string, error) {
	if s.cfg.Auth.Mode != config.AuthOn {
		return "", nil
	}
	token := "$TOKEN"
	if IssuesTokens(s.cfg) {
		var err error
		if token, err = DevelopmentToken(s.cfg, DevelopmentSubject, DevelopmentTenant, nil, DevelopmentLifetime); err != nil {
			return "", err
		}
	}
	return ` -H "Authorization: Bearer ` + token + `"`, nil
}
