// Package ledger holds the rules that span entities: what makes a transfer
// right, which account may be closed. It works with the [ent.Client] that it is
// given, so whoever calls it decides the transaction, and it knows nothing of
// HTTP. What the database can hold by itself (unique names, balances that don't
// fall below zero, two entries that sum to zero) it leaves to the database:
// [Constraints] says what each violation means.
package ledger

import (
	"github.com/google/uuid"

	"commitment/internal/fault"
)

// Constraints says what the violation of each of the ledger's constraints means
// to a client.
var Constraints = map[string]*fault.Error{
	"accounts_name_key":         ErrNameTaken,
	"accounts_name_not_empty":   fault.New(fault.Invalid, "", "a name can't be empty").At("/name"),
	"accounts_currency_code":    errUnknownCurrency,
	"accounts_balance_floor":    ErrInsufficientFunds,
	"entries_accounts_entries":  ErrAccountHasEntries,
	"transfers_amount_positive": errNotPositive,
}

// Page is a part of a list.
type Page[T any] struct {
	// Items are the part's items, in the order of the list.
	Items []T
	// Next is the id after which the next part begins; nil at the end.
	Next *uuid.UUID
}

// Cursor says which part of a list is wanted.
type Cursor struct {
	// After is the id of the last item of the part before; nil for the first.
	After *uuid.UUID
	// Limit is the most items that are wanted, at least 1.
	Limit int
}

// page cuts what was read with one item too many, which shows that there is more.
func page[T any](items []T, limit int, id func(T) uuid.UUID) Page[T] {
	if len(items) <= limit {
		return Page[T]{Items: items}
	}
	last := id(items[limit-1])
	return Page[T]{Items: items[:limit], Next: &last}
}
