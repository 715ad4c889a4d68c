package jobs

import (
	"context"
	"errors"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// ErrNotRunning is the error of a job whose time was up, and which was given to another
// worker or canceled meanwhile. Nothing of its unit of work is committed.
var ErrNotRunning = errors.New("jobs: this job isn't this worker's any more")

// errNoRunner is a defect of the code that causes it.
var errNoRunner = errors.New("jobs: the context isn't that of a worker")

// In runs the effect of a job in the database, in a unit of work: the client is in the
// context that effect gets, the tenant is the one whose work has enqueued the job. The
// effect is committed together with the completion of the job, or neither is. The unit
// of work behaves as in [txn.DB.Run]. The worker returns In's error. After In has
// returned nil nothing runs the job again, so In is the last that a worker does.
func In[T river.JobArgs](ctx context.Context, job *river.Job[T], effect func(ctx context.Context) error) error {
	r, ok := ctx.Value(runningKey{}).(*running)
	if !ok || r.job.ID != job.ID {
		return errNoRunner
	}
	return r.db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
		ctx, err := tenancy.Enter(ctx, r.origin.Tenant, r.origin.Subject)
		if err != nil {
			return err
		}
		if err := effect(ctx); err != nil {
			return err
		}
		return complete(ctx, job.JobRow)
	})
}

// complete marks the job as completed. River's own JobCompleteTx also succeeds for a job
// that isn't running any more, or that another worker is running: then an effect
// would be committed twice.
func complete(ctx context.Context, job *rivertype.JobRow) error {
	tx, err := txn.PgxTx(ctx)
	if err != nil {
		return err
	}
	const statement = `UPDATE river_job SET state = 'completed', finalized_at = now()
		WHERE id = $1 AND state = 'running' AND attempt = $2`
	tag, err := tx.Exec(ctx, statement, job.ID, job.Attempt)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotRunning
	}
	return err
}
