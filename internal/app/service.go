package app

import (
	"context"
	"log/slog"
	"net/http"

	"commitment/internal/authn"
	"commitment/internal/httpapi"
	"commitment/internal/jobs"
	"commitment/internal/ledger"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
	"commitment/internal/telemetry"
	"commitment/internal/tenancy"
	"commitment/internal/tracing"
	"commitment/internal/txn"
)

// service is what serves once the database is open.
type service struct {
	parts
	db      *txn.DB
	tenants tenancy.DB
	keys    *authn.Keys
	metrics *telemetry.Metrics
	jobs    *jobs.Runner // nil without workers
	server  *http.Server
	// servesAPI is false for a process that only runs jobs.
	servesAPI bool
	// shuttingDown ends when the listener has closed: streams end then, and their clients
	// reconnect to another process.
	shuttingDown context.Context //nolint:containedctx // of the service
}

// newBase returns a service without a server.
func newBase(p parts) *service {
	metrics, cfg := telemetry.NewMetrics(), p.cfg
	if p.traces != nil {
		metrics.TraceID = tracing.SampledTraceID
	}
	metrics.RegisterPool(p.pool)
	p.copies.observe(metrics)
	s := &service{parts: p, metrics: metrics}
	s.db = txn.New(p.pool, txn.Options{
		AcquireTimeout: cfg.Database.AcquireTimeout,
		EndTimeout:     cfg.Database.CommitTimeout,
		OutcomeTimeout: cfg.Database.OutcomeTimeout,
		MaxAttempts:    cfg.Database.MaxAttempts,
		Log:            p.log,
		OnEnd: func(outcome pgtx.Outcome, readOnly bool) {
			metrics.TransactionEnded(outcome.String(), readOnly)
		},
		Replicas:           p.copies.set,
		Patience:           cfg.Database.ReplicaPatience,
		OnRead:             metrics.ReadServed,
		OnRetry:            metrics.Retried,
		OnAfterCommitError: metrics.AfterCommitFailed,
		Tracer:             p.traces.Units(),
	})
	if cfg.Webhook.URL != "" {
		ledger.NotifyAbove(s.db.Client(), int64(cfg.Webhook.Above))
	}
	s.tenants = tenancy.DB{DB: s.db, Log: p.log, OnAcross: metrics.WorkedAcrossTenants}
	s.keys = authn.NewKeys(s.db, authn.KeysOptions{Log: p.log})
	return s
}

// newService returns a service that serves the API.
func newService(p parts) (*service, error) {
	s, cfg := newBase(p), p.cfg
	authenticate, err := s.authenticate()
	if err != nil {
		return nil, err
	}
	var closeStreams context.CancelFunc
	s.shuttingDown, closeStreams = context.WithCancel(context.Background())
	s.server = s.newServer(trackFlushes(httpapi.New(withTraces(httpapi.Options{
		DB:             s.db,
		Log:            s.log,
		Classify:       postgres.Constraints(ledger.Constraints).Classify,
		Ready:          s.ready.check,
		Replicas:       s.copies.status,
		Tokens:         s.copies.tokens(cfg),
		Observe:        s.metrics.Requests,
		Metrics:        s.metrics.Handler(),
		Authenticate:   authenticate,
		RequestTimeout: cfg.HTTP.RequestTimeout,
		ReadTimeout:    cfg.HTTP.ReadTimeout,
		MaxBody:        int64(cfg.HTTP.MaxBodyBytes),
		MaxResponse:    int64(cfg.HTTP.MaxResponseBytes),
		MaxMemory:      int64(cfg.HTTP.ResponseMemoryBytes),
		Origins:        cfg.HTTP.CORSOrigins,
		Proxies:        cfg.HTTP.TrustedProxies,
		RateLimit:      cfg.HTTP.RateLimit,
		Shutdown:       s.shuttingDown,
		SlowRequest:    cfg.Log.SlowRequests,
		KeyLifetime:    cfg.HTTP.KeyLifetime,
	}, s.traces))))
	s.server.RegisterOnShutdown(closeStreams)
	s.servesAPI = true
	return s, nil
}

// newWorker returns a service that serves its health and its metrics.
func newWorker(p parts) (*service, error) {
	s := newBase(p)
	s.server = s.newServer(httpapi.NewHealth(httpapi.Options{Log: s.log, Ready: s.ready.check, Metrics: s.metrics.Handler()}))
	return s, nil
}

// newServer returns the HTTP server.
func (s *service) newServer(handler http.Handler) *http.Server {
	cfg := s.cfg
	return &http.Server{
		ConnContext:       withConn,
		Handler:           handler,
		ReadHeaderTimeout: cfg.HTTP.ReadHeaderTimeout,
		ReadTimeout:       cfg.HTTP.ReadTimeout,
		WriteTimeout:      cfg.HTTP.WriteTimeout,
		IdleTimeout:       cfg.HTTP.IdleTimeout,
		MaxHeaderBytes:    int(cfg.HTTP.MaxHeaderBytes),
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}
