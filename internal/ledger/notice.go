package ledger

import (
	"context"

	entgo "entgo.io/ent"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/hook"
	"commitment/internal/jobs"
)

// TransferNotice is a job: to tell somebody of a transfer.
type TransferNotice struct {
	TransferID uuid.UUID `json:"transfer_id"`
}

// Kind names the job.
func (TransferNotice) Kind() string { return "notice_of_transfer" }

// NotifyAbove makes each transfer of more than amount that is made through client enqueue
// a [TransferNotice], in its transaction.
func NotifyAbove(client *ent.Client, amount int64) {
	client.Transfer.Use(func(next entgo.Mutator) entgo.Mutator {
		return hook.TransferFunc(func(ctx context.Context, m *ent.TransferMutation) (entgo.Value, error) {
			made, err := next.Mutate(ctx, m)
			t, ok := made.(*ent.Transfer)
			if err != nil || !ok || !m.Op().Is(entgo.OpCreate) || t.Amount <= amount {
				return made, err
			}
			return made, jobs.Enqueue(ctx, TransferNotice{t.ID})
		})
	})
}
