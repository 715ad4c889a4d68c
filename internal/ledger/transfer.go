package ledger

import (
	"context"

	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/account"
	"commitment/internal/fault"
)

// MaxAmount bounds amounts and balances, in minor units, either way: every client reads
// such a number exactly, JavaScript included, whose numbers have 53 bits.
const MaxAmount = 1<<53 - 1

var (
	// ErrInsufficientFunds: the balance would fall below zero, and may not.
	ErrInsufficientFunds = fault.New(fault.Invalid, "insufficient-funds", "the account doesn't hold that much").At("/amount")
	// ErrAmountTooLarge: a balance would pass MaxAmount.
	ErrAmountTooLarge = fault.New(fault.Invalid, "amount-too-large", "a balance would grow beyond 2^53 - 1").At("/amount")
	// ErrSameAccount: the money would stay where it is.
	ErrSameAccount = fault.New(fault.Invalid, "same-account", "a transfer needs two accounts").At("/to")
	// ErrCurrencyMismatch: the accounts have different currencies.
	ErrCurrencyMismatch = fault.New(fault.Invalid, "currency-mismatch", "the accounts have different currencies").At("/to")
	// ErrUnknownFrom and ErrUnknownTo: one of the accounts doesn't exist.
	ErrUnknownFrom = fault.New(fault.Invalid, "unknown-account", "there is no such account").At("/from")
	ErrUnknownTo   = fault.New(fault.Invalid, "unknown-account", "there is no such account").At("/to")

	errNotPositive = fault.New(fault.Invalid, "", "an amount is greater than zero").At("/amount")
)

// NewTransfer is what it takes to move money.
type NewTransfer struct {
	From, To uuid.UUID
	Amount   int64 // in minor units of the currency of both accounts, 1 to MaxAmount
	Memo     string
}

// MoveMoney makes a transfer with its two entries, which it returns with it.
func MoveMoney(ctx context.Context, client *ent.Client, in NewTransfer) (*ent.Transfer, error) {
	if in.From == in.To {
		return nil, ErrSameAccount
	}
	from, to, err := lockBoth(ctx, client, in.From, in.To)
	if err != nil {
		return nil, err
	}
	if err := allowed(from, to, in.Amount); err != nil {
		return nil, err
	}
	if err := addToBalance(ctx, client, from.ID, -in.Amount); err != nil {
		return nil, err
	}
	if err := addToBalance(ctx, client, to.ID, in.Amount); err != nil {
		return nil, err
	}
	t, err := client.Transfer.Create().SetAmount(in.Amount).SetMemo(in.Memo).Save(ctx)
	if err != nil {
		return nil, err
	}
	t.Edges.Entries, err = client.Entry.CreateBulk(
		client.Entry.Create().SetTransferID(t.ID).SetAccountID(from.ID).SetAmount(-in.Amount),
		client.Entry.Create().SetTransferID(t.ID).SetAccountID(to.ID).SetAmount(in.Amount),
	).Save(ctx)
	return t, err
}

// lockBoth reads and locks the two accounts, in the order of their ids: two
// transfers in opposite directions wait for each other, but never both.
func lockBoth(ctx context.Context, client *ent.Client, fromID, toID uuid.UUID) (from, to *ent.Account, err error) {
	accounts, err := client.Account.Query().
		Where(account.IDIn(fromID, toID)).
		Order(account.ByID()).
		ForUpdate(forChange).
		All(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range accounts {
		switch a.ID {
		case fromID:
			from = a
		case toID:
			to = a
		}
	}
	switch {
	case from == nil:
		return nil, nil, ErrUnknownFrom
	case to == nil:
		return nil, nil, ErrUnknownTo
	}
	return from, to, nil
}

// allowed reports what forbids to move the amount. That a balance doesn't fall
// below zero is for the database to say; it is said here first because here is
// known that it is the amount's fault.
func allowed(from, to *ent.Account, amount int64) error {
	switch {
	case amount <= 0:
		return errNotPositive
	case from.Currency != to.Currency:
		return ErrCurrencyMismatch
	case from.Balance < amount && !from.AllowNegative:
		return ErrInsufficientFunds
	case amount > MaxAmount, from.Balance < amount-MaxAmount, to.Balance > MaxAmount-amount:
		return ErrAmountTooLarge
	}
	return nil
}

func addToBalance(ctx context.Context, client *ent.Client, id uuid.UUID, amount int64) error {
	return client.Account.Update().Where(account.ID(id)).AddBalance(amount).Exec(ctx)
}
