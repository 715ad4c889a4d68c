// Package ledger holds the rules that span entities: what makes a transfer valid, which
// account may be deleted. It works with the [ent.Client] that it is given, so its
// caller decides the transaction, and it knows nothing of HTTP. Rules that the database
// can enforce (unique names, balances that don't fall below zero, two entries that sum
// to zero) are left to the database: [Constraints] says what each violation means.
package ledger

import "commitment/internal/fault"

// Constraints maps each constraint of the ledger to the error that a client gets when
// it is violated.
var Constraints = map[string]*fault.Error{
	"account_tenant_id_name":    ErrNameTaken,
	"accounts_name_not_empty":   fault.New(fault.Invalid, "", "a name must not be empty").At("/name"),
	"accounts_currency_code":    errUnknownCurrency,
	"accounts_balance_floor":    ErrInsufficientFunds,
	"entries_accounts_entries":  ErrAccountHasEntries,
	"transfers_amount_positive": errNotPositive,
}
