package httpapi

import (
	"context"

	"commitment/ent"
	"commitment/ent/resource"
	"commitment/internal/ledger"
)

// openAccount creates an account by the ledger's rules.
func openAccount(ctx context.Context, in *resource.AccountCreate) (*ent.Account, error) {
	return ledger.OpenAccount(ctx, ent.FromContext(ctx), ledger.NewAccount{
		Name:          in.Name,
		Currency:      in.Currency,
		AllowNegative: in.AllowNegative != nil && *in.AllowNegative,
	})
}
