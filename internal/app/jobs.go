package app

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/jobs"
	"commitment/internal/postgres"
	"commitment/internal/telemetry"
	"commitment/internal/tracing"
	"commitment/internal/webhook"
)

// jobConns is how many connections the queue needs, beside the one that listens.
const jobConns = 4

// workers are the kinds of jobs that this service knows, and those that it enqueues at
// intervals.
func (s *service) workers() (*river.Workers, []*river.PeriodicJob) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &sweeper{tenants: s.tenants})
	if hook := s.cfg.Webhook; hook.URL != "" {
		river.AddWorker(workers, webhook.NewWorker(s.tenants, hook.URL, hook.Secret.Key()))
	}
	return workers, []*river.PeriodicJob{sweeps()}
}

// openJobs sets up the workers, unless the process is to have none. The caller closes
// the pool that it returns, which may be nil.
func (s *service) openJobs(ctx context.Context, o postgres.Options, traces *tracing.Tracing) (*pgxpool.Pool, error) {
	cfg := s.cfg.Jobs
	if cfg.Workers == 0 {
		return nil, nil //nolint:nilnil // no workers and no error
	}
	o.Tracer = nil // the queue's own statements belong to no trace
	o.URL = cmp.Or(string(cfg.URL), o.URL)
	pool, err := postgres.OpenPgx(ctx, o, jobConns)
	if err != nil {
		return nil, err
	}
	var trace func(context.Context, *rivertype.JobRow, string) (context.Context, func(error))
	if traces != nil {
		trace = func(ctx context.Context, job *rivertype.JobRow, traceparent string) (context.Context, func(error)) {
			return traces.Job(ctx, job.Kind, job.Queue, job.ID, job.Attempt, traceparent)
		}
	}
	workers, periodic := s.workers()
	var metrics *telemetry.Jobs
	s.jobs, err = jobs.New(jobs.Options{
		Pool: pool, DB: s.tenants,
		Workers: workers, Periodic: periodic,
		MaxWorkers: cfg.Workers, Timeout: cfg.Timeout, StopTimeout: s.cfg.HTTP.ShutdownTimeout,
		PollOnly: !cfg.Listen,
		Ready:    s.ready.check,
		Log:      s.log,
		Trace:    trace,
		OnEnd: func(kind string, outcome jobs.Outcome, duration time.Duration) {
			metrics.Ended(kind, string(outcome), duration)
		},
	})
	if err != nil {
		pool.Close()
		return nil, err
	}
	metrics = s.metrics.RegisterJobs(func(ctx context.Context) (map[string]int64, time.Duration, error) {
		stats, err := s.jobs.Stats(ctx)
		return stats.Jobs, stats.OldestAvailable, err
	})
	return pool, nil
}

// runJobs runs jobs, if the process has workers, until ctx ends or the function that it
// returns is called, which waits for those that are running.
func (s *service) runJobs(ctx context.Context) (stop func() error) {
	if s.jobs == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() { result <- s.jobs.Run(ctx) }()
	return func() error {
		cancel()
		return <-result
	}
}
