package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/account"
	"commitment/internal/fault"
	"commitment/internal/ledger"
	"commitment/internal/txn"
)

var errUnmet = errors.New("precondition unmet")

func met(*ent.Account) error { return nil }

func unmet(*ent.Account) error { return errUnmet }

func TestOpenAccount(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	opened := b.open(t, ledger.NewAccount{Name: "Käse 🧀", Currency: "JPY", AllowNegative: true})
	if opened.ID.Version() != 7 {
		t.Errorf("id version = %d, want 7", opened.ID.Version())
	}
	want := &ent.Account{ID: opened.ID, Name: "Käse 🧀", Currency: "JPY", AllowNegative: true, Version: 1}
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

func TestAccountThatDoesNotExist(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	name := "x"
	for what, work := range map[string]func(context.Context, *ent.Client) error{
		"read": func(ctx context.Context, client *ent.Client) error {
			_, err := ledger.Account(ctx, client, uuid.New())
			return err
		},
		"rename": func(ctx context.Context, client *ent.Client) error {
			_, err := ledger.RenameAccount(ctx, client, uuid.New(), &name, met)
			return err
		},
		"delete": func(ctx context.Context, client *ent.Client) error {
			return ledger.DeleteAccount(ctx, client, uuid.New(), met)
		},
		"list its entries": func(ctx context.Context, client *ent.Client) error {
			_, err := ledger.Entries(ctx, client, uuid.New(), ledger.Cursor{Limit: 1})
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			wantFault(t, b.do(t, work), fault.NotFound, "", "")
		})
	}
}

// rename renames an account and returns it as it then is.
func (b *books) rename(t *testing.T, id uuid.UUID, name *string, p ledger.Precondition) (a *ent.Account, err error) {
	t.Helper()
	err = b.do(t, func(ctx context.Context, client *ent.Client) (err error) {
		a, err = ledger.RenameAccount(ctx, client, id, name, p)
		return err
	})
	return a, err
}

func TestRenameAccount(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.euros(t, "taken")
	opened := b.euros(t, "old")
	name := func(s string) *string { return &s }

	for _, same := range []*string{nil, name("old")} {
		a, err := b.rename(t, opened.ID, same, met)
		if err != nil {
			t.Fatal(err)
		}
		if a.Version != 1 || !a.UpdatedAt.Equal(opened.UpdatedAt) {
			t.Errorf("no-op rename: version = %d, updated at %v, want 1, %v", a.Version, a.UpdatedAt, opened.UpdatedAt)
		}
	}
	_, err := b.rename(t, opened.ID, name("new"), unmet)
	wantUnmet(t, err)
	_, err = b.rename(t, opened.ID, nil, unmet)
	wantUnmet(t, err)
	_, err = b.rename(t, opened.ID, name("taken"), met)
	wantFault(t, err, fault.Conflict, "name-taken", "/name")
	if a := b.account(t, opened.ID); a.Name != "old" || a.Version != 1 {
		t.Errorf("account = %q, version %d, want old, 1", a.Name, a.Version)
	}

	a, err := b.rename(t, opened.ID, name("new"), met)
	if err != nil {
		t.Fatal(err)
	}
	if a.Name != "new" || a.Version != 2 || !a.UpdatedAt.After(opened.UpdatedAt) {
		t.Errorf("account = %q, version %d, updated at %v, want new, 2, later", a.Name, a.Version, a.UpdatedAt)
	}
	b.euros(t, "old") // the name is free
}

func wantUnmet(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, errUnmet) {
		t.Errorf("error = %v, want %v", err, errUnmet)
	}
}

func TestThePreconditionSeesTheLockedRow(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	opened := b.euros(t, "a")
	versions := make(chan int64, 2)
	errs := make(chan error, 2)
	for i := range cap(errs) {
		go func() {
			name := fmt.Sprintf("renamed %d", i)
			errs <- b.db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
				_, err := ledger.RenameAccount(ctx, ent.FromContext(ctx), opened.ID, &name, func(a *ent.Account) error {
					versions <- a.Version
					return nil
				})
				return err
			})
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if first, second := <-versions, <-versions; first != 1 || second != 2 {
		t.Errorf("versions seen = %d, %d, want 1, 2", first, second)
	}
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	unused, used := b.euros(t, "unused"), b.euros(t, "used")
	b.mustMove(t, b.source(t, "bank", "EUR").ID, used.ID, 1)
	remove := func(id uuid.UUID, p ledger.Precondition) error {
		return b.do(t, func(ctx context.Context, client *ent.Client) error {
			return ledger.DeleteAccount(ctx, client, id, p)
		})
	}

	wantUnmet(t, remove(unused.ID, unmet))
	wantFault(t, remove(used.ID, met), fault.Conflict, "account-has-entries", "")
	if n := b.count(t, "SELECT count(*) FROM accounts"); n != 3 {
		t.Errorf("accounts = %d, want 3", n)
	}
	if err := remove(unused.ID, met); err != nil {
		t.Fatal(err)
	}
	exists, err := b.db.Client().Account.Query().Where(account.ID(unused.ID)).Exist(t.Context())
	if err != nil || exists {
		t.Errorf("exists = %v, %v, want false", exists, err)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	list := func(limit int, after *uuid.UUID) ledger.Page[*ent.Account] {
		p, err := ledger.Accounts(t.Context(), b.db.Client(), ledger.Cursor{Limit: limit, After: after})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := list(1, nil); len(p.Items) != 0 || p.Next != nil {
		t.Errorf("page of nothing = %v, want an empty last one", p)
	}
	var want []uuid.UUID
	for i := range 5 {
		want = append(want, b.euros(t, fmt.Sprint(i)).ID)
	}
	if got, pages := walk(t, 2, list, accountID); pages != 3 || !cmp.Equal(got, want) {
		t.Errorf("by 2: %v on %d pages, want %v on 3", got, pages, want)
	}
	if got, pages := walk(t, 5, list, accountID); pages != 1 || !cmp.Equal(got, want) {
		t.Errorf("by the exact number: %v on %d pages, want %v on 1", got, pages, want)
	}
	if p := list(5, &want[4]); len(p.Items) != 0 || p.Next != nil {
		t.Errorf("page after the end = %v, want an empty last one", p)
	}
}

func accountID(a *ent.Account) uuid.UUID { return a.ID }

// walk reads a list page by page to its end.
func walk[E any](t *testing.T, limit int, list func(int, *uuid.UUID) ledger.Page[E], id func(E) uuid.UUID) (ids []uuid.UUID, pages int) {
	t.Helper()
	for next := (*uuid.UUID)(nil); pages == 0 || next != nil; pages++ {
		p := list(limit, next)
		if len(p.Items) > limit || p.Next != nil && len(p.Items) < limit {
			t.Fatalf("page has %d items, want %d", len(p.Items), limit)
		}
		for _, item := range p.Items {
			ids = append(ids, id(item))
		}
		next = p.Next
	}
	return ids, pages
}
