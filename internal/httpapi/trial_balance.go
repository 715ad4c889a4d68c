package httpapi

import (
	"context"

	"commitment/ent"
	"commitment/internal/ledger"
)

// Balance is the trial balance of one currency in the API.
type Balance struct {
	Currency string `json:"currency" doc:"A code of ISO 4217." example:"EUR"`
	Accounts int64  `json:"accounts" minimum:"0" doc:"The number of accounts." example:"3"`
	Entries  int64  `json:"entries" minimum:"0" doc:"The number of entries." example:"42"`
	Sum      int64  `json:"sum" doc:"The sum of all entries, in minor units: 0, or the books are wrong." example:"0"`
}

type trialBalanceOutput struct {
	Body struct {
		Items []Balance `json:"items" nullable:"false"`
	}
}

func trialBalance(ctx context.Context, _ *struct{}) (*trialBalanceOutput, error) {
	balances, err := ledger.TrialBalance(ctx, ent.FromContext(ctx))
	if err != nil {
		return nil, err
	}
	out := &trialBalanceOutput{}
	out.Body.Items = make([]Balance, 0, len(balances))
	for _, b := range balances {
		out.Body.Items = append(out.Body.Items, Balance(b))
	}
	return out, nil
}
