package ledger_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/internal/fault"
	"commitment/internal/ledger"
	"commitment/internal/postgres"
)

// TestTheDatabaseGuardsItself bypasses the rules in Go: the database enforces the same
// ones.
func TestTheDatabaseGuardsItself(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	cash := b.euros(t, "cash")
	b.mustMove(t, b.source(t, "bank", "EUR").ID, cash.ID, 100)
	insert := `INSERT INTO accounts (tenant_id, id, created_at, updated_at, name, currency) VALUES ('` + tenant.String() + `', gen_random_uuid(), now(), now(), `
	tests := []struct {
		name, statement string
		kind            fault.Kind
		code, pointer   string
	}{
		{"a name is unique", insert + `'cash', 'EUR')`, fault.Conflict, "name-taken", "/name"},
		{"a name isn't empty", insert + `'', 'EUR')`, fault.Invalid, "", "/name"},
		{"a currency is a code", insert + `'x', 'eur')`, fault.Invalid, "", "/currency"},
		{"a balance stays above zero", `UPDATE accounts SET balance = -1 WHERE name = 'cash'`, fault.Invalid, "insufficient-funds", "/amount"},
		{"an account with entries stays", `DELETE FROM accounts WHERE name = 'cash'`, fault.Conflict, "account-has-entries", ""},
		{"an amount is positive", `INSERT INTO transfers (tenant_id, id, created_at, amount) VALUES (gen_random_uuid(), gen_random_uuid(), now(), 0)`, fault.Invalid, "", "/amount"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := b.pool.ExecContext(t.Context(), tt.statement)
			if err == nil {
				t.Fatal("error = nil, want one")
			}
			wantFault(t, postgres.Constraints(ledger.Constraints).Classify(err), tt.kind, tt.code, tt.pointer)
		})
	}
}

func TestAOneLeggedTransferFailsAtCommit(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	cash := b.euros(t, "cash")
	written := false
	err := b.do(t, func(ctx context.Context, client *ent.Client) error {
		made, err := client.Transfer.Create().SetAmount(5).Save(ctx)
		if err != nil {
			return err
		}
		err = client.Entry.Create().SetTransferID(made.ID).SetAccountID(cash.ID).SetAmount(5).Exec(ctx)
		written = err == nil
		return err
	})
	if !written {
		t.Fatalf("statements: %v, want success until COMMIT", err)
	}
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pgErr.ConstraintName != "transfers_balanced" {
		t.Errorf("commit = %v, want a violation of transfers_balanced", err)
	}
	if n := b.count(t, "SELECT (SELECT count(*) FROM transfers) + (SELECT count(*) FROM entries)"); n != 0 {
		t.Errorf("rows = %d, want 0", n)
	}
}
