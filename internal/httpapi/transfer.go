package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"commitment/ent"
	"commitment/internal/ledger"
)

// Transfer is a transfer as clients see it.
type Transfer struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	From      uuid.UUID `json:"from" format:"uuid"`
	To        uuid.UUID `json:"to" format:"uuid"`
	Amount    int64     `json:"amount" doc:"in minor units of the currency"`
	Memo      string    `json:"memo"`
	Entries   []Entry   `json:"entries" nullable:"false" doc:"what each account gains; they sum to zero"`
	CreatedAt time.Time `json:"created_at"`
}

func newTransfer(t *ent.Transfer) Transfer {
	body := Transfer{ID: t.ID, Amount: t.Amount, Memo: t.Memo, CreatedAt: t.CreatedAt}
	for _, e := range t.Edges.Entries {
		if e.Amount < 0 {
			body.From = e.AccountID
		} else {
			body.To = e.AccountID
		}
		body.Entries = append(body.Entries, newEntry(e))
	}
	return body
}

type moveMoneyInput struct {
	Body struct {
		From   uuid.UUID `json:"from" format:"uuid" doc:"the account that loses the amount"`
		To     uuid.UUID `json:"to" format:"uuid" doc:"the account that gains the amount"`
		Amount int64     `json:"amount" minimum:"1" doc:"in minor units of the currency of both accounts"`
		Memo   string    `json:"memo,omitempty" maxLength:"500" pattern:"^[^\\x00]*$" patternDescription:"text without NUL"`
	}
}

type moveMoneyOutput struct {
	Location string `header:"Location"`
	Body     Transfer
}

func moveMoney(ctx context.Context, in *moveMoneyInput) (*moveMoneyOutput, error) {
	t, err := ledger.MoveMoney(ctx, ent.FromContext(ctx), ledger.NewTransfer{
		From:   in.Body.From,
		To:     in.Body.To,
		Amount: in.Body.Amount,
		Memo:   in.Body.Memo,
	})
	if err != nil {
		return nil, err
	}
	return &moveMoneyOutput{Location: "/v1/transfers/" + t.ID.String(), Body: newTransfer(t)}, nil
}

type readTransferInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type readTransferOutput struct {
	Body Transfer
}

func readTransfer(ctx context.Context, in *readTransferInput) (*readTransferOutput, error) {
	t, err := ledger.Transfer(ctx, ent.FromContext(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &readTransferOutput{Body: newTransfer(t)}, nil
}
