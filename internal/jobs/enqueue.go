package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/txn"
)

// Enqueue inserts a job into the transaction of ctx: it runs if that is committed, and
// soon after. It takes one round trip. It returns txn.ErrNoUnit or txn.ErrEnded if there
// is no transaction.
func Enqueue(ctx context.Context, args river.JobArgs) error {
	_, err := EnqueueWith(ctx, args, river.InsertOpts{})
	return err
}

// EnqueueWith is [Enqueue] with options, such as when the job runs at the earliest. A
// unique job is unique in its tenant. If there is one like it already, the result says
// so and has that one; while the transaction that inserts the other one is open,
// EnqueueWith waits for its end.
func EnqueueWith(ctx context.Context, args river.JobArgs, opts river.InsertOpts) (result *rivertype.JobInsertResult, err error) {
	ctx, endTrace := startTrace(ctx, args.Kind())
	defer func() { endTrace(err) }()
	tx, err := txn.PgxTx(ctx)
	if err != nil {
		return nil, err
	}
	client, err := inserter()
	if err != nil {
		return nil, err
	}
	result, err = client.InsertTx(ctx, tx, args, &opts)
	if err != nil {
		return nil, fmt.Errorf("enqueue job %s: %w", args.Kind(), err)
	}
	if result.UniqueSkippedAsDuplicate || result.Job.State != rivertype.JobStateAvailable {
		return result, nil
	}
	return result, txn.AfterCommit(ctx, wakeWorkers(result.Job.Queue))
}

// inserter inserts jobs. It has no database: each insert brings its transaction.
var inserter = sync.OnceValues(func() (*river.Client[pgx.Tx], error) {
	return river.NewClient[pgx.Tx](silentDriver{riverpgxv5.New(nil)}, &river.Config{
		Logger: slog.New(slog.DiscardHandler), // errors are returned
		Hooks:  []rivertype.Hook{river.HookInsertBeginFunc(stamp)},
	})
})

// silentDriver doesn't notify workers of what is inserted. NOTIFY would take a round trip
// and, at COMMIT, a lock that all transactions of the server with a NOTIFY queue for.
// The workers are notified once the transaction has ended; see wake.go.
type silentDriver struct{ *riverpgxv5.Driver }

// SupportsListenNotify returns false.
func (silentDriver) SupportsListenNotify() bool { return false }
