package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"commitment/ent"
	"commitment/internal/fault"
	"commitment/internal/ledger"
)

// Transfer is a transfer as clients see it.
type Transfer struct {
	ID        uuid.UUID `json:"id" format:"uuid" example:"01a205f2-fa9b-7c55-8f0a-2f6e9b3c1d40"`
	From      uuid.UUID `json:"from" format:"uuid" doc:"The account that loses the amount." example:"01a205f2-fa91-7e04-9c3a-8d2b6f4e1a57"`
	To        uuid.UUID `json:"to" format:"uuid" doc:"The account that gains the amount." example:"01a205f2-fa8d-780f-8e50-44c4fb9588e6"`
	Amount    int64     `json:"amount" minimum:"1" doc:"In minor units of the currency, at most 2^53 − 1." example:"2500"`
	Memo      string    `json:"memo" example:"Rent"`
	Entries   []Entry   `json:"entries" nullable:"false" doc:"What each account gains. They sum to zero."`
	CreatedAt time.Time `json:"created_at" example:"2026-11-23T01:09:02.118204Z"`
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
		From   uuid.UUID `json:"from" format:"uuid" doc:"The account that loses the amount." example:"01a205f2-fa91-7e04-9c3a-8d2b6f4e1a57"`
		To     uuid.UUID `json:"to" format:"uuid" doc:"The account that gains the amount." example:"01a205f2-fa8d-780f-8e50-44c4fb9588e6"`
		Amount int64     `json:"amount" minimum:"1" doc:"In minor units of the currency of both accounts, at most 2^53 − 1." example:"2500"`
		Memo   string    `json:"memo,omitempty" maxLength:"500" pattern:"^[^\\x00]*$" patternDescription:"text without NUL" example:"Rent"`
	}
}

type moveMoneyOutput struct {
	Location string `header:"Location"`
	Body     Transfer
}

// moveMoneyErrors are the rules that a transfer can break.
var moveMoneyErrors = []*fault.Error{
	ledger.ErrInsufficientFunds, ledger.ErrAmountTooLarge, ledger.ErrSameAccount, ledger.ErrCurrencyMismatch, ledger.ErrUnknownFrom,
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
	ID uuid.UUID `path:"id" format:"uuid" doc:"The transfer's id." example:"01a205f2-fa9b-7c55-8f0a-2f6e9b3c1d40"`
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
