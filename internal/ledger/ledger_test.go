package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/internal/fault"
	"commitment/internal/identity"
	"commitment/internal/ledger"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// books are the ledger of a tenant in a database of the test's own.
type books struct {
	db   *txn.DB
	pool *sql.DB // for the database's owner, whom no policy holds
}

var tenant = identity.TenantID("acme")

func newBooks(t *testing.T) *books {
	t.Helper()
	url := pgtest.OwnerURL(t)
	pool, err := postgres.Open(postgres.Options{URL: pgtest.AppURL(t, url), MaxOpenConns: 8, MaxIdleConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return &books{db: txn.New(pool, txn.Options{}), pool: pgtest.Open(t, url)}
}

// run runs work for the tenant in one transaction.
func (b *books) run(ctx context.Context, work func(ctx context.Context, client *ent.Client) error) error {
	return b.db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
		ctx, err := tenancy.Enter(ctx, tenant, "")
		if err != nil {
			return err
		}
		return work(ctx, ent.FromContext(ctx))
	})
}

// do is run with an error that is classified as the service does.
func (b *books) do(t *testing.T, work func(ctx context.Context, client *ent.Client) error) error {
	t.Helper()
	err := b.run(t.Context(), work)
	if err == nil {
		return nil
	}
	return postgres.Constraints(ledger.Constraints).Classify(err)
}

// open opens an account.
func (b *books) open(t *testing.T, in ledger.NewAccount) *ent.Account {
	t.Helper()
	var a *ent.Account
	err := b.do(t, func(ctx context.Context, client *ent.Client) (err error) {
		a, err = ledger.OpenAccount(ctx, client, in)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// euros opens an account in euros that may not fall below zero.
func (b *books) euros(t *testing.T, name string) *ent.Account {
	t.Helper()
	return b.open(t, ledger.NewAccount{Name: name, Currency: "EUR"})
}

// source opens an account that money comes from.
func (b *books) source(t *testing.T, name, currency string) *ent.Account {
	t.Helper()
	return b.open(t, ledger.NewAccount{Name: name, Currency: currency, AllowNegative: true})
}

// move makes a transfer.
func (b *books) move(t *testing.T, from, to uuid.UUID, amount int64) (*ent.Transfer, error) {
	t.Helper()
	var made *ent.Transfer
	err := b.do(t, func(ctx context.Context, client *ent.Client) (err error) {
		made, err = ledger.MoveMoney(ctx, client, ledger.NewTransfer{From: from, To: to, Amount: amount, Memo: "rent"})
		return err
	})
	return made, err
}

// mustMove makes a transfer that must succeed.
func (b *books) mustMove(t *testing.T, from, to uuid.UUID, amount int64) *ent.Transfer {
	t.Helper()
	made, err := b.move(t, from, to, amount)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// account reads an account again.
func (b *books) account(t *testing.T, id uuid.UUID) *ent.Account {
	t.Helper()
	var a *ent.Account
	err := b.do(t, func(ctx context.Context, client *ent.Client) (err error) {
		a, err = client.Account.Get(ctx, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// wantState checks what changes about an account.
func (b *books) wantState(t *testing.T, id uuid.UUID, balance, version int64) {
	t.Helper()
	a := b.account(t, id)
	if a.Balance != balance || a.Version != version {
		t.Errorf("account %s: balance = %d, version = %d, want %d, %d", a.Name, a.Balance, a.Version, balance, version)
	}
}

// wantBalanced checks that each balance is the sum of its account's entries and
// that each transfer's entries sum to zero.
func (b *books) wantBalanced(t *testing.T) {
	t.Helper()
	for what, query := range map[string]string{
		"accounts whose balance isn't the sum of their entries": `SELECT count(*) FROM accounts a
			WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM entries WHERE account_id = a.id)`,
		"transfers whose entries don't sum to zero": `SELECT count(*) FROM transfers t
			WHERE (SELECT coalesce(sum(amount), 1) FROM entries WHERE transfer_id = t.id) <> 0`,
	} {
		if n := b.count(t, query); n != 0 {
			t.Errorf("%s = %d, want 0", what, n)
		}
	}
}

func (b *books) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	if err := b.pool.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// wantFault checks a fault's kind, code and the one field that it names, "" for none.
func wantFault(t *testing.T, err error, kind fault.Kind, code, pointer string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("error = %v, want a fault", err)
	}
	var pointers []string
	for _, field := range f.Fields {
		pointers = append(pointers, field.Pointer)
	}
	var want []string
	if pointer != "" {
		want = []string{pointer}
	}
	if f.Kind != kind || f.Code != code || !slices.Equal(pointers, want) {
		t.Errorf("fault = kind %d, code %q, fields %q, want %d, %q, %q", f.Kind, f.Code, pointers, kind, code, want)
	}
}

// unmapped are the constraints that no request can violate, and why.
var unmapped = map[string]string{
	"accounts_pkey":                          "the service makes the ids",
	"transfers_pkey":                         "the service makes the ids",
	"entries_pkey":                           "the service makes the ids",
	"entries_amount_not_zero":                "a transfer's amount is greater than zero",
	"entries_transfers_entries":              "a transfer is written before its entries, and never deleted",
	"account_tenant_id_id":                   "an id is unique by itself",
	"transfer_tenant_id_id":                  "an id is unique by itself",
	"entry_tenant_id_id":                     "an id is unique by itself",
	"entry_tenant_id_transfer_id_account_id": "MoveMoney refuses a transfer to the same account",
	"transfers_balanced":                     "MoveMoney writes both entries: a violation is a defect of the service",
}

func TestConstraintsAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	rows, err := pgtest.Open(t, pgtest.URL(t)).QueryContext(t.Context(), `
		SELECT conname FROM pg_constraint
		WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conrelid = ANY (ARRAY['accounts', 'transfers', 'entries']::regclass[])
		UNION
		SELECT i.relname FROM pg_index JOIN pg_class i ON i.oid = indexrelid
		WHERE indisunique AND i.relnamespace = 'public'::regnamespace AND indrelid = ANY (ARRAY['accounts', 'transfers', 'entries']::regclass[])`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		got[name] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for name := range ledger.Constraints {
		want[name] = true
	}
	for name := range unmapped {
		if want[name] {
			t.Errorf("%s is mapped, but also listed as unmapped", name)
		}
		want[name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("constraints (-mapped or explained +in the database):\n%s", diff)
	}
}
