package app

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/idempotency"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// How often expired keys are deleted, and how many per transaction.
const (
	sweepInterval = time.Minute
	sweepBatch    = 500
)

// sweepArgs ask for the deletion of expired Idempotency-Keys.
type sweepArgs struct{}

// Kind names the job.
func (sweepArgs) Kind() string { return "delete_expired_idempotency_keys" }

// InsertOpts keep sweeps from piling up. One that failed isn't retried: the next one is
// near.
func (sweepArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// sweeps is the schedule: one process of all enqueues a sweep.
func sweeps() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(sweepInterval), func() (river.JobArgs, *river.InsertOpts) {
		return sweepArgs{}, nil
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// sweeper deletes expired Idempotency-Keys, of all tenants.
type sweeper struct {
	river.WorkerDefaults[sweepArgs]

	tenants tenancy.DB
}

// Work deletes batches until one isn't full.
func (w *sweeper) Work(ctx context.Context, _ *river.Job[sweepArgs]) error {
	for swept := sweepBatch; swept == sweepBatch; {
		err := w.tenants.RunAcross(ctx, "delete expired Idempotency-Keys", txn.ReadWrite, func(ctx context.Context) (err error) {
			swept, err = idempotency.Sweep(ctx, sweepBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
