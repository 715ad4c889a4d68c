package ledger

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"golang.org/x/text/currency"

	"commitment/ent"
	"commitment/internal/fault"
)

var (
	// ErrNameTaken says that another account has the name.
	ErrNameTaken = fault.New(fault.Conflict, "name-taken", "an account with this name exists").At("/name")
	// ErrAccountHasEntries says that only an account without entries can be deleted.
	ErrAccountHasEntries = fault.New(fault.Conflict, "account-has-entries", "an account with entries can't be deleted")

	errUnknownCurrency = fault.New(fault.Invalid, "", "a currency must be an ISO 4217 code, such as EUR").At("/currency")
)

// noKeyUpdate locks rows against other changes. It is the weaker of the two exclusive
// row locks, so that entries can refer to the row meanwhile.
var noKeyUpdate = sql.WithLockClause("FOR NO KEY UPDATE")

// NewAccount describes an account to open.
type NewAccount struct {
	Name          string
	Currency      string // ISO 4217
	AllowNegative bool
}

// OpenAccount opens an account with a balance of zero.
func OpenAccount(ctx context.Context, client *ent.Client, in NewAccount) (*ent.Account, error) {
	if unit, err := currency.ParseISO(in.Currency); err != nil || unit.String() != in.Currency {
		return nil, errUnknownCurrency
	}
	return client.Account.Create().
		SetName(in.Name).
		SetCurrency(in.Currency).
		SetAllowNegative(in.AllowNegative).
		Save(ctx)
}
