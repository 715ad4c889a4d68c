package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/tenancy"
)

// Outcome is how a run of a job ended.
type Outcome string

// The outcomes.
const (
	Completed = Outcome(rivertype.JobStateCompleted)
	Canceled  = Outcome(rivertype.JobStateCancelled) // by its worker or an operator
	Discarded = Outcome(rivertype.JobStateDiscarded) // failed too often
	Failed    = Outcome("failed")                    // will be retried
	Snoozed   = Outcome("snoozed")                   // by its worker: runs later
	Stopped   = Outcome("stopped")                   // by a shutdown: runs again
)

type runningKey struct{}

// running is the job that a worker runs.
type running struct {
	job    *rivertype.JobRow
	origin origin
	db     tenancy.DB
}

// FromContext returns the job that is run in ctx, or nil.
func FromContext(ctx context.Context) *rivertype.JobRow {
	if r, ok := ctx.Value(runningKey{}).(*running); ok {
		return r.job
	}
	return nil
}

// observer is around each run of a job.
type observer struct {
	river.MiddlewareDefaults
	o Options
}

// Work runs a job in a context of its origin, and reports how it ended.
func (m *observer) Work(ctx context.Context, job *rivertype.JobRow, next func(context.Context) error) error {
	from := originOf(job)
	ctx = context.WithValue(from.enter(ctx), runningKey{}, &running{job, from, m.o.DB})
	endTrace := func(error) {}
	if m.o.Trace != nil {
		ctx, endTrace = m.o.Trace(ctx, job, from.Traceparent)
	}
	start := time.Now()
	err := errPanicked
	defer func() { // for a panic, too, which River recovers
		m.ended(ctx, job, err, time.Since(start))
		endTrace(err)
	}()
	err = next(ctx)
	return err
}

var errPanicked = errors.New("the worker panicked")

// ended reports the end of a run.
func (m *observer) ended(ctx context.Context, job *rivertype.JobRow, err error, duration time.Duration) {
	outcome := outcomeOf(ctx, job, err)
	if m.o.OnEnd != nil {
		m.o.OnEnd(job.Kind, outcome, duration)
	}
	level := slog.LevelDebug
	switch outcome {
	case Failed, Canceled:
		level = slog.LevelWarn
	case Discarded:
		level = slog.LevelError
	case Completed, Snoozed, Stopped:
	}
	m.o.Log.Log(ctx, level, "job ended", "outcome", outcome, "attempt", job.Attempt, "duration", duration, "error", err)
}

// outcomeOf says what River makes of an error.
func outcomeOf(ctx context.Context, job *rivertype.JobRow, err error) Outcome {
	cause := context.Cause(ctx)
	switch {
	case err == nil:
		return Completed
	case is[*rivertype.JobSnoozeError](err):
		return Snoozed
	case is[*rivertype.JobCancelError](err), errors.Is(cause, rivertype.ErrJobCancelledRemotely):
		return Canceled
	case errors.Is(err, context.Canceled) && cause != nil:
		return Stopped
	case job.Attempt >= job.MaxAttempts:
		return Discarded
	}
	return Failed
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
