package httpapi

import (
	"strings"
	"testing"

	"commitment/ent"
	"commitment/internal/identity"
)

func TestEntsErrorsOfTheBooks(t *testing.T) {
	t.Parallel()
	client := openClient(t)
	ctx := identity.WithTenant(t.Context(), identity.TenantID("acme"))
	open := func(name, currency string) *ent.AccountCreate {
		return client.Account.Create().SetName(name).SetCurrency(currency)
	}
	a, b := open("a", "EUR").SaveX(ctx), open("b", "EUR").SaveX(ctx)
	tx, err := client.Tx(ctx) // the balance is checked at its COMMIT, which doesn't come
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	transfer := tx.Transfer.Create().SetAmount(1).SaveX(ctx)
	entry := tx.Entry.Create().SetAccountID(a.ID).SetTransferID(transfer.ID).SetAmount(1).SaveX(ctx)

	for _, tt := range []entError{
		{"a text that is too long", open(strings.Repeat("x", 201), "EUR").Exec(ctx),
			422, "invalid", "#/name", "value is greater than the required rune length"},
		{"a text that is empty", open("", "EUR").Exec(ctx),
			422, "invalid", "#/name", "value is less than the required length"},
		{"a text that doesn't match", open("c", "eur").Exec(ctx),
			422, "invalid", "#/currency", "value does not match validation"},
		{"a number out of its range", tx.Transfer.Create().SetAmount(0).Exec(ctx),
			422, "invalid", "#/amount", "value out of range"},
		{"a field that is missing", client.Account.Create().SetName("c").Exec(ctx),
			422, "invalid", "#/currency", "is required"},
		{"an edge that is missing", client.Entry.Create().SetAmount(1).SetTransferID(transfer.ID).Exec(ctx),
			422, "invalid", "#/account_id", "is required"},
		{"what isn't there", func() error { _, err := client.Transfer.Get(ctx, transfer.ID); return err }(),
			404, "not-found", "", "not found"},
		{"an edge whose other end is taken", tx.Account.UpdateOne(b).AddEntries(entry).Exec(ctx),
			409, "already-connected", "", "already connected to another"},
	} {
		tt.check(t)
	}
}
