// Package ledger holds the rules that span entities: what makes a transfer
// right, what an account may be opened in. It works with the [ent.Client] that it is
// given, so whoever calls it decides the transaction, and it knows nothing of
// HTTP. What the database can hold by itself (unique names, balances that don't
// fall below zero, two entries that sum to zero) it leaves to the database:
// [Constraints] says what each violation means.
package ledger

import "commitment/internal/fault"

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
