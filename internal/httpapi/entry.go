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
	ID         uuid.UUID `json:"id" format:"uuid" example:"01a205f2-fa9c-7b1e-a0d4-7e1c5b0d2f63"`
	TransferID uuid.UUID `json:"transfer_id" format:"uuid" example:"01a205f2-fa9b-7c55-8f0a-2f6e9b3c1d40"`
	AccountID  uuid.UUID `json:"account_id" format:"uuid" example:"01a205f2-fa8d-780f-8e50-44c4fb9588e6"`
	Amount     int64     `json:"amount" doc:"What the account gains, in minor units of its currency; below zero, what it loses. At most 2^53 − 1 either way." example:"2500"`
	CreatedAt  time.Time `json:"created_at" example:"2026-11-23T01:09:02.118204Z"`
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
	ID uuid.UUID `path:"id" format:"uuid" doc:"The account's id." example:"01a205f2-fa8d-780f-8e50-44c4fb9588e6"`
	PageInput
}

func listEntries(ctx context.Context, in *listEntriesInput) (*pageOutput[Entry], error) {
	p, err := ledger.Entries(ctx, ent.FromContext(ctx), in.ID, in.cursor())
	if err != nil {
		return nil, err
	}
	return newPageOutput(p, newEntry), nil
}
