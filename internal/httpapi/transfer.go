package httpapi

import (
	"context"

	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/resource"
	"commitment/internal/fault"
	"commitment/internal/ledger"
)

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
	Body     view[*resource.Transfer]
}

// moveMoneyErrors are the rules that a transfer can violate.
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
	return &moveMoneyOutput{Location: "/v1/transfers/" + t.ID.String(), Body: viewOf(resource.Transfers(), t)}, nil
}
