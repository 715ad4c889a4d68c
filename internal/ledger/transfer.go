package ledger

import (
	"context"

	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/account"
	"commitment/internal/fault"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

// MaxAmount limits amounts and balances, in minor units and in both directions, to
// integers that every client reads exactly: JavaScript's numbers have 53 bits.
const MaxAmount = 1<<53 - 1

var (
	// ErrInsufficientFunds says that the balance would fall below zero, which the account
	// doesn't allow.
	ErrInsufficientFunds = fault.New(fault.Invalid, "insufficient-funds", "the account doesn't hold that much").At("/amount")
	// ErrAmountTooLarge says that a balance would exceed MaxAmount.
	ErrAmountTooLarge = fault.New(fault.Invalid, "amount-too-large", "a balance would exceed 2^53 - 1").At("/amount")
	// ErrSameAccount says that from and to are the same account.
	ErrSameAccount = fault.New(fault.Invalid, "same-account", "a transfer needs two different accounts").At("/to")
	// ErrCurrencyMismatch says that the accounts have different currencies.
	ErrCurrencyMismatch = fault.New(fault.Invalid, "currency-mismatch", "the accounts have different currencies").At("/to")
	// ErrUnknownFrom says that the account to take from doesn't exist.
	ErrUnknownFrom = fault.New(fault.Invalid, "unknown-account", "there is no such account").At("/from")
	// ErrUnknownTo says that the account to give to doesn't exist.
	ErrUnknownTo = fault.New(fault.Invalid, "unknown-account", "there is no such account").At("/to")

	errNotPositive = fault.New(fault.Invalid, "", "an amount must be greater than zero").At("/amount")
)

// NewTransfer describes a transfer to make.
type NewTransfer struct {
	From, To uuid.UUID
	Amount   int64 // in minor units of the currency of both accounts, 1 to MaxAmount
	Memo     string
}

// MoveMoney makes a transfer and its two entries, and returns them together.
func MoveMoney(ctx context.Context, client *ent.Client, in NewTransfer) (*ent.Transfer, error) {
	if in.From == in.To {
		return nil, ErrSameAccount
	}
	from, to, err := lockAccounts(ctx, client, in.From, in.To)
	if err != nil {
		return nil, err
	}
	if err := checkTransfer(from, to, in.Amount); err != nil {
		return nil, err
	}
	var t *ent.Transfer
	var entries []*ent.Entry
	id := schemakit.NewID()
	err = txn.WithCommit(ctx, func(ctx context.Context) error {
		if err := addToBalance(ctx, client, from.ID, -in.Amount); err != nil {
			return err
		}
		if err := addToBalance(ctx, client, to.ID, in.Amount); err != nil {
			return err
		}
		if t, err = client.Transfer.Create().SetID(id).SetAmount(in.Amount).SetMemo(in.Memo).Save(ctx); err != nil {
			return err
		}
		entries, err = client.Entry.CreateBulk(
			client.Entry.Create().SetTransferID(id).SetAccountID(from.ID).SetAmount(-in.Amount),
			client.Entry.Create().SetTransferID(id).SetAccountID(to.ID).SetAmount(in.Amount),
		).Save(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	t.Edges.Entries = entries
	return t, nil
}

// lockAccounts reads and locks the two accounts in the order of their ids, so that
// transfers in opposite directions don't deadlock.
func lockAccounts(ctx context.Context, client *ent.Client, fromID, toID uuid.UUID) (from, to *ent.Account, err error) {
	accounts, err := client.Account.Query().
		Where(account.IDIn(fromID, toID)).
		Order(account.ByID()).
		ForUpdate(noKeyUpdate).
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

// checkTransfer returns why the amount can't be moved. The database enforces that
// balances don't fall below zero, too; but only here do we know that the amount is to
// blame.
func checkTransfer(from, to *ent.Account, amount int64) error {
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
