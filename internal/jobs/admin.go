package jobs

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/fault"
)

// ErrNoJob says that there is no job with an id.
var ErrNoJob = fault.New(fault.NotFound, "", "there is no job with this id")

// Admin shows and changes jobs, for operators.
type Admin struct{ client *river.Client[pgx.Tx] }

// NewAdmin returns an Admin for the jobs in a database.
func NewAdmin(pool *pgxpool.Pool, log *slog.Logger) (*Admin, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(quiet{log.Handler()})})
	return &Admin{client}, err
}

// Filter selects jobs.
type Filter struct {
	States []rivertype.JobState // any of them; none is all
	Kinds  []string             // likewise
	Limit  int
}

// List returns jobs, the newest ones first.
func (a *Admin) List(ctx context.Context, f Filter) ([]*rivertype.JobRow, error) {
	params := river.NewJobListParams().OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(f.Limit)
	if len(f.States) > 0 {
		params = params.States(f.States...)
	}
	if len(f.Kinds) > 0 {
		params = params.Kinds(f.Kinds...)
	}
	result, err := a.client.JobList(ctx, params)
	if err != nil {
		return nil, err
	}
	return result.Jobs, nil
}

// Retry makes a job run now, one that was discarded, canceled or completed included. A
// job that is running is left alone.
func (a *Admin) Retry(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	job, err := a.client.JobRetry(ctx, id)
	return job, orNoJob(err)
}

// Cancel keeps a job from running, and cancels its context if it is.
func (a *Admin) Cancel(ctx context.Context, id int64) (*rivertype.JobRow, error) {
	job, err := a.client.JobCancel(ctx, id)
	return job, orNoJob(err)
}

func orNoJob(err error) error {
	if errors.Is(err, river.ErrNotFound) {
		return ErrNoJob
	}
	return err
}

// Origin returns the tenant and the subject that a job runs for, if any.
func Origin(job *rivertype.JobRow) (tenant uuid.UUID, subject string) {
	o := originOf(job)
	return o.Tenant, o.Subject
}
