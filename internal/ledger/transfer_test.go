package ledger_test

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/entry"
	"commitment/ent/transfer"
	"commitment/internal/fault"
	"commitment/internal/ledger"
)

// leg is what matters about an entry.
type leg struct {
	Account uuid.UUID
	Amount  int64
}

func legs(made *ent.Transfer) []leg {
	var all []leg
	for _, e := range made.Edges.Entries {
		all = append(all, leg{e.AccountID, e.Amount})
	}
	return all
}

func TestMoveMoney(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	bank, cash := b.source(t, "bank", "EUR"), b.euros(t, "cash")

	made := b.mustMove(t, bank.ID, cash.ID, 70)
	want := []leg{{bank.ID, -70}, {cash.ID, 70}}
	if diff := cmp.Diff(want, legs(made)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if made.Amount != 70 || made.Memo != "rent" {
		t.Errorf("transfer = %d %q, want 70 rent", made.Amount, made.Memo)
	}
	b.wantState(t, bank.ID, -70, 2)
	b.wantState(t, cash.ID, 70, 2)

	b.mustMove(t, cash.ID, bank.ID, 70) // to the last cent
	b.wantState(t, bank.ID, 0, 3)
	b.wantState(t, cash.ID, 0, 3)
	b.wantBalanced(t)

	var read *ent.Transfer
	err := b.do(t, func(ctx context.Context, client *ent.Client) (err error) {
		read, err = client.Transfer.Query().Where(transfer.ID(made.ID)).WithEntries(func(q *ent.EntryQuery) { q.Order(entry.ByAmount()) }).Only(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, legs(read)); diff != "" {
		t.Errorf("entries read (-want +got):\n%s", diff)
	}
	if read.Amount != 70 || read.Memo != "rent" || !read.CreatedAt.Equal(made.CreatedAt) {
		t.Errorf("transfer read = %v, want %v", read, made)
	}
}

func TestMoveMoneyRefuses(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	bank, cash := b.source(t, "bank", "EUR"), b.euros(t, "cash")
	dollars := b.source(t, "dollars", "USD")
	b.mustMove(t, bank.ID, cash.ID, 100)
	nobody := uuid.New()
	tests := []struct {
		name          string
		from, to      uuid.UUID
		amount        int64
		code, pointer string
	}{
		{"more than there is", cash.ID, bank.ID, 101, "insufficient-funds", "/amount"},
		{"the same account", cash.ID, cash.ID, 1, "same-account", "/to"},
		{"an unknown account to take from", nobody, cash.ID, 1, "unknown-account", "/from"},
		{"an unknown account to give to", cash.ID, nobody, 1, "unknown-account", "/to"},
		{"another currency", cash.ID, dollars.ID, 1, "currency-mismatch", "/to"},
		{"nothing", bank.ID, cash.ID, 0, "", "/amount"},
		{"less than nothing", bank.ID, cash.ID, -1, "", "/amount"},
		{"less than anything", bank.ID, cash.ID, math.MinInt64, "", "/amount"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.move(t, tt.from, tt.to, tt.amount)
			wantFault(t, err, fault.Invalid, tt.code, tt.pointer)
		})
	}
	if n := b.count(t, "SELECT count(*) FROM transfers"); n != 1 {
		t.Errorf("transfers = %d, want 1", n)
	}
}

func TestBalancesStayWithinMaxAmount(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	bank, other := b.source(t, "bank", "EUR"), b.source(t, "other", "EUR")
	full, empty := b.euros(t, "full"), b.euros(t, "empty")

	b.mustMove(t, bank.ID, full.ID, ledger.MaxAmount)
	for _, tt := range []struct {
		name     string
		from, to uuid.UUID
		amount   int64
	}{
		{"below the least", bank.ID, empty.ID, 1},
		{"above the most", other.ID, full.ID, 1},
		{"an amount that is too large itself", other.ID, empty.ID, ledger.MaxAmount + 1},
		{"an amount that would overflow", other.ID, empty.ID, math.MaxInt64},
	} {
		_, err := b.move(t, tt.from, tt.to, tt.amount)
		t.Log(tt.name)
		wantFault(t, err, fault.Invalid, "amount-too-large", "/amount")
	}
	b.wantState(t, bank.ID, -ledger.MaxAmount, 2)
	b.wantState(t, full.ID, ledger.MaxAmount, 2)
	b.wantState(t, other.ID, 0, 1)
	b.wantBalanced(t)
}
