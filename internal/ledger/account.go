package ledger

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"golang.org/x/text/currency"

	"commitment/ent"
	"commitment/ent/account"
	"commitment/internal/fault"
)

var (
	// ErrNameTaken: another account has the name.
	ErrNameTaken = fault.New(fault.Conflict, "name-taken", "an account of this name exists").At("/name")
	// ErrAccountHasEntries: only an account without entries can be deleted.
	ErrAccountHasEntries = fault.New(fault.Conflict, "account-has-entries", "an account with entries can't be deleted")

	errNoAccount       = fault.New(fault.NotFound, "", "there is no such account")
	errUnknownCurrency = fault.New(fault.Invalid, "", "a currency is a code of ISO 4217, as EUR").At("/currency")
)

// forChange locks rows against other changes. The weaker of the two exclusive
// row locks is enough, and lets entries refer to the row meanwhile.
var forChange = sql.WithLockClause("FOR NO KEY UPDATE")

// NewAccount is what it takes to open an account.
type NewAccount struct {
	Name          string
	Currency      string // ISO 4217
	AllowNegative bool
}

// OpenAccount opens an account with a balance of zero.
func OpenAccount(ctx context.Context, client *ent.Client, in NewAccount) (*ent.Account, error) {
	if err := CheckCurrency(in.Currency); err != nil {
		return nil, err
	}
	return client.Account.Create().
		SetName(in.Name).
		SetCurrency(in.Currency).
		SetAllowNegative(in.AllowNegative).
		Save(ctx)
}

// CheckCurrency returns a fault when code is no currency of ISO 4217.
func CheckCurrency(code string) error {
	if unit, err := currency.ParseISO(code); err != nil || unit.String() != code {
		return errUnknownCurrency
	}
	return nil
}

// Account returns the account of that id.
func Account(ctx context.Context, client *ent.Client, id uuid.UUID) (*ent.Account, error) {
	a, err := client.Account.Get(ctx, id)
	return a, noAccount(err)
}

// Accounts returns a part of all accounts, the oldest first.
func Accounts(ctx context.Context, client *ent.Client, c Cursor) (Page[*ent.Account], error) {
	q := client.Account.Query().Order(account.ByID()).Limit(c.Limit + 1)
	if c.After != nil {
		q.Where(account.IDGT(*c.After))
	}
	items, err := q.All(ctx)
	if err != nil {
		return Page[*ent.Account]{}, err
	}
	return page(items, c.Limit, func(a *ent.Account) uuid.UUID { return a.ID }), nil
}

// Precondition says whether an account is still what the caller thinks it is.
// Its error is returned as it is.
type Precondition func(*ent.Account) error

// RenameAccount gives an account another name, if it meets the precondition. A
// nil name, like the name that it has, changes nothing.
func RenameAccount(ctx context.Context, client *ent.Client, id uuid.UUID, name *string, met Precondition) (*ent.Account, error) {
	a, err := accountForChange(ctx, client, id, met)
	if err != nil || name == nil || *name == a.Name {
		return a, err
	}
	return a.Update().SetName(*name).Save(ctx)
}

// DeleteAccount deletes an account that has no entries, if it meets the precondition.
func DeleteAccount(ctx context.Context, client *ent.Client, id uuid.UUID, met Precondition) error {
	a, err := accountForChange(ctx, client, id, met)
	if err != nil {
		return err
	}
	return client.Account.DeleteOne(a).Exec(ctx) // entries refer to their account: the database refuses
}

// accountForChange locks an account and then looks whether it meets the
// precondition, so that it still does when it is changed.
func accountForChange(ctx context.Context, client *ent.Client, id uuid.UUID, met Precondition) (*ent.Account, error) {
	a, err := client.Account.Query().Where(account.ID(id)).ForUpdate(forChange).Only(ctx)
	if err != nil {
		return nil, noAccount(err)
	}
	return a, met(a)
}

func noAccount(err error) error {
	if ent.IsNotFound(err) {
		return errNoAccount.With(err)
	}
	return err
}
