package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"commitment/ent"
	"commitment/internal/ledger"
)

// Entry is an entry as clients see it.
type Entry struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	TransferID uuid.UUID `json:"transfer_id" format:"uuid"`
	AccountID  uuid.UUID `json:"account_id" format:"uuid"`
	Amount     int64     `json:"amount" doc:"what the account gains, in minor units of its currency"`
	CreatedAt  time.Time `json:"created_at"`
}

func newEntry(e *ent.Entry) Entry {
	return Entry{
		ID:         e.ID,
		TransferID: e.TransferID,
		AccountID:  e.AccountID,
		Amount:     e.Amount,
		CreatedAt:  e.CreatedAt,
	}
}

type listEntriesInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
	PageInput
}

func listEntries(ctx context.Context, in *listEntriesInput) (*pageOutput[Entry], error) {
	p, err := ledger.Entries(ctx, ent.FromContext(ctx), in.ID, in.cursor())
	if err != nil {
		return nil, err
	}
	return newPageOutput(p, newEntry), nil
}
