package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/tenancy"
)

const (
	// RescueMargin is how long after its timeout a job is given up, whose worker was
	// killed or doesn't return.
	RescueMargin = 5 * time.Second
	// fetchCooldown is the time between two fetches of a process, which limits how many
	// jobs it starts.
	fetchCooldown = 10 * time.Millisecond
	// The time between two fetches when there is no notification.
	pollInterval     = time.Second
	pollOnlyInterval = 250 * time.Millisecond
	// startInterval is the time between two attempts to reach the database at the start.
	startInterval = time.Second
	// stopGrace is how long canceled jobs have to return.
	stopGrace = 3 * time.Second
)

// Options configure a Runner.
type Options struct {
	// Pool is what River works on: it fetches jobs and maintains the queue. Required.
	Pool *pgxpool.Pool
	// DB is what [In] works on. Required.
	DB tenancy.DB
	// Workers are the kinds of jobs, and Periodic those that are enqueued at intervals, by
	// one of all processes. A job whose kind is unknown fails.
	Workers  *river.Workers
	Periodic []*river.PeriodicJob
	// MaxWorkers is how many jobs run at a time. Required.
	MaxWorkers int
	// Timeout limits a job, unless its worker says otherwise. Required.
	Timeout time.Duration
	// StopTimeout is how long jobs have to finish when the runner stops; then they are
	// canceled. Required.
	StopTimeout time.Duration
	// PollOnly looks for jobs at intervals. Without it workers LISTEN, too, which doesn't
	// work through a pooler.
	PollOnly bool
	// Ready returns why jobs can't be run yet, or nil: the migrations are pending, say. May
	// be nil.
	Ready func(context.Context) error
	// Log gets a line for each job that failed. Required.
	Log *slog.Logger
	// Trace begins the span of a run, as a part of the trace that traceparent names, if
	// any. May be nil.
	Trace func(ctx context.Context, job *rivertype.JobRow, traceparent string) (context.Context, func(error))
	// OnEnd is called whenever a job has run. May be nil.
	OnEnd func(kind string, outcome Outcome, duration time.Duration)
}

// Runner runs jobs.
type Runner struct {
	options Options
	client  *river.Client[pgx.Tx]
}

// New returns a runner. It doesn't connect.
func New(o Options) (*Runner, error) {
	r := &Runner{options: o}
	poll := pollInterval
	if o.PollOnly {
		poll = pollOnlyInterval
	}
	var err error
	r.client, err = river.NewClient(riverpgxv5.New(o.Pool), &river.Config{
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.MaxWorkers}},
		Workers:              o.Workers,
		PeriodicJobs:         o.Periodic,
		JobTimeout:           o.Timeout,
		RescueStuckJobsAfter: o.Timeout + RescueMargin,
		SoftStopTimeout:      o.StopTimeout,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    poll,
		PollOnly:             o.PollOnly,
		ReindexerIndexNames:  []string{}, // only the owner of a table can
		Middleware:           []rivertype.Middleware{&observer{o: o}},
		Hooks:                []rivertype.Hook{river.HookInsertBeginFunc(stamp)},
		Logger:               slog.New(quiet{o.Log.Handler()}),
	})
	if err != nil {
		return nil, fmt.Errorf("configure jobs: %w", err)
	}
	return r, nil
}

// Run runs jobs until ctx ends. Then it starts no more of them, and waits for those that
// are running. It returns an error if they had to be abandoned. While jobs can't be run
// yet, it waits.
func (r *Runner) Run(ctx context.Context) error {
	for reason := ""; ; {
		err := r.start(ctx)
		if err == nil {
			break
		}
		if reason != err.Error() {
			reason = err.Error()
			r.options.Log.WarnContext(ctx, "jobs can't run yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(startInterval):
		}
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.options.StopTimeout+stopGrace)
	defer cancel()
	if err := r.client.Stop(stop); err != nil {
		return fmt.Errorf("jobs were abandoned: %w", err)
	}
	return nil
}

// start starts to run jobs, which don't end with ctx. If ctx ends meanwhile, it gives up.
func (r *Runner) start(ctx context.Context) error {
	if r.options.Ready != nil {
		if err := r.options.Ready(ctx); err != nil {
			return err
		}
	}
	running, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer context.AfterFunc(ctx, giveUp)()
	err := r.client.Start(running)
	if err != nil {
		giveUp()
	}
	return err
}

// quiet drops what River says below Warn: observer logs how jobs end.
type quiet struct{ slog.Handler }

// Enabled reports whether a level is logged.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// WithAttrs and WithGroup keep the limit.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }
