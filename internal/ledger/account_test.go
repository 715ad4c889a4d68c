package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"commitment/ent"
	"commitment/internal/fault"
	"commitment/internal/ledger"
)

func TestOpenAccount(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	opened := b.open(t, ledger.NewAccount{Name: "Käse 🧀", Currency: "JPY", AllowNegative: true})
	if opened.ID.Version() != 7 {
		t.Errorf("id version = %d, want 7", opened.ID.Version())
	}
	want := &ent.Account{ID: opened.ID, TenantID: tenant, Name: "Käse 🧀", Currency: "JPY", AllowNegative: true, Version: 1}
	read := b.account(t, opened.ID)
	ignored := cmp.Options{cmpopts.IgnoreUnexported(ent.Account{}), cmpopts.IgnoreFields(ent.Account{}, "CreatedAt", "UpdatedAt", "Edges")}
	if diff := cmp.Diff(want, read, ignored); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	if !read.CreatedAt.Equal(opened.CreatedAt) || read.CreatedAt.Location() != time.UTC {
		t.Errorf("created at %v, want %v", read.CreatedAt, opened.CreatedAt)
	}
}

func TestOpenAccountRefuses(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.euros(t, "cash")
	tests := []struct {
		name          string
		in            ledger.NewAccount
		kind          fault.Kind
		code, pointer string
	}{
		{"a name that is taken", ledger.NewAccount{Name: "cash", Currency: "USD"}, fault.Conflict, "name-taken", "/name"},
		{"a currency that doesn't exist", ledger.NewAccount{Name: "a", Currency: "QQQ"}, fault.Invalid, "", "/currency"},
		{"a currency in small letters", ledger.NewAccount{Name: "a", Currency: "eur"}, fault.Invalid, "", "/currency"},
		{"no currency", ledger.NewAccount{Name: "a"}, fault.Invalid, "", "/currency"},
		{"a currency's symbol", ledger.NewAccount{Name: "a", Currency: "€"}, fault.Invalid, "", "/currency"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := b.do(t, func(ctx context.Context, client *ent.Client) error {
				_, err := ledger.OpenAccount(ctx, client, tt.in)
				return err
			})
			wantFault(t, err, tt.kind, tt.code, tt.pointer)
		})
	}
}
