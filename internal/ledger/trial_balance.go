package ledger

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"commitment/ent"
	"commitment/ent/account"
	"commitment/ent/entry"
)

// Balance is the trial balance of one currency.
type Balance struct {
	Currency string `sql:"currency"`
	// Accounts and Entries are their numbers.
	Accounts int64 `sql:"accounts"`
	Entries  int64 `sql:"entries"`
	// Sum is the sum of all entries, in minor units. If it isn't 0, the books are
	// wrong.
	Sum int64 `sql:"sum"`
}

// TrialBalance sums all entries by currency. It reads the whole ledger.
func TrialBalance(ctx context.Context, client *ent.Client) ([]Balance, error) {
	var balances []Balance
	entries := sql.Table(entry.Table).As("e")
	err := client.Account.Query().
		Order(account.ByCurrency()).
		GroupBy(account.FieldCurrency).
		Aggregate(
			func(accounts *sql.Selector) string {
				accounts.LeftJoin(entries).On(accounts.C(account.FieldID), entries.C(entry.FieldAccountID))
				return sql.As(sql.Count(sql.Distinct(accounts.C(account.FieldID))), "accounts")
			},
			func(*sql.Selector) string { return sql.As(sql.Count(entries.C(entry.FieldID)), "entries") },
			func(*sql.Selector) string {
				return sql.As("COALESCE("+sql.Sum(entries.C(entry.FieldAmount))+", 0)", "sum")
			},
		).
		Scan(ctx, &balances)
	return balances, err
}
