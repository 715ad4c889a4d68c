package ledger_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/internal/ledger"
)

func TestEntries(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	bank, cash := b.source(t, "bank", "EUR"), b.euros(t, "cash")
	list := func(limit int, after *uuid.UUID) ledger.Page[*ent.Entry] {
		p, err := ledger.Entries(t.Context(), b.db.Client(), cash.ID, ledger.Cursor{Limit: limit, After: after})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := list(1, nil); len(p.Items) != 0 || p.Next != nil {
		t.Errorf("page of nothing = %v, want an empty last one", p)
	}
	var want []uuid.UUID
	for amount := range int64(4) {
		made := b.mustMove(t, bank.ID, cash.ID, amount+1)
		want = append(want, made.Edges.Entries[1].ID)
	}
	slices.Reverse(want) // the newest first
	for limit, wantPages := range map[int]int{1: 4, 2: 2, 3: 2, 4: 1, 200: 1} {
		got, pages := walk(t, limit, list, func(e *ent.Entry) uuid.UUID { return e.ID })
		if pages != wantPages || !cmp.Equal(got, want) {
			t.Errorf("by %d: %v on %d pages, want %v on %d", limit, got, pages, want, wantPages)
		}
	}
}
