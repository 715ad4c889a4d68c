package ledger_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/internal/ledger"
)

func TestTrialBalance(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	wantTrialBalance(t, b, nil)

	yen := b.source(t, "yen", "JPY")
	wantTrialBalance(t, b, []ledger.Balance{{Currency: "JPY", Accounts: 1}})

	euros, cash := b.source(t, "euros", "EUR"), b.euros(t, "cash")
	b.mustMove(t, euros.ID, cash.ID, ledger.MaxAmount)
	b.mustMove(t, cash.ID, euros.ID, 1)
	b.mustMove(t, yen.ID, b.source(t, "more yen", "JPY").ID, 5)
	b.source(t, "dollars", "USD")
	wantTrialBalance(t, b, []ledger.Balance{
		{Currency: "EUR", Accounts: 2, Entries: 4},
		{Currency: "JPY", Accounts: 2, Entries: 2},
		{Currency: "USD", Accounts: 1},
	})
}

func TestTrialBalanceShowsWrongBooks(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	bank, cash := b.source(t, "bank", "EUR"), b.euros(t, "cash")
	b.mustMove(t, bank.ID, cash.ID, 5)
	if _, err := b.pool.ExecContext(t.Context(), `
		ALTER TABLE entries DISABLE TRIGGER USER;
		UPDATE entries SET amount = 7 WHERE amount > 0`); err != nil {
		t.Fatal(err)
	}
	wantTrialBalance(t, b, []ledger.Balance{{Currency: "EUR", Accounts: 2, Entries: 2, Sum: 2}})
}

func wantTrialBalance(t *testing.T, b *books, want []ledger.Balance) {
	t.Helper()
	var got []ledger.Balance
	err := b.do(t, func(ctx context.Context, client *ent.Client) (err error) {
		got, err = ledger.TrialBalance(ctx, client)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trial balance (-want +got):\n%s", diff)
	}
}
