package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/tenancy"
)

// Outcome is how a run of a job ended.
type Outcome string

// The outcomes.
const (
	Completed Outcome = "completed"
	Failed    Outcome = "failed"    // will be retried
	Discarded Outcome = "discarded" // failed too often
	Cancelled Outcome = "cancelled" // by its worker or an operator
	Snoozed   Outcome = "snoozed"   // by its worker: runs later
	Stopped   Outcome = "stopped"   // by a shutdown: runs again
)

// Outcomes are all of them.
func Outcomes() []Outcome {
	return []Outcome{Completed, Failed, Discarded, Cancelled, Snoozed, Stopped}
}

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
	switch outcome {
	case Failed, Cancelled:
		m.o.Log.WarnContext(ctx, "job "+string(outcome), "attempt", job.Attempt, "error", err)
	case Discarded:
		m.o.Log.ErrorContext(ctx, "job discarded", "attempt", job.Attempt, "error", err)
	case Completed, Snoozed, Stopped:
		m.o.Log.DebugContext(ctx, "job "+string(outcome), "attempt", job.Attempt, "duration", duration)
	}
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
		return Cancelled
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
