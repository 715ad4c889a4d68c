package migration_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/schemakit"
)

// The books of a tenant before each case: two accounts in euros, one in dollars, and one
// balanced transfer of 100 from A to B.
const books = `
	INSERT INTO accounts (tenant_id, id, created_at, updated_at, name, currency) VALUES
		(current_setting('app.tenant')::uuid, '00000000-0000-0000-0000-00000000000a', now(), now(), 'A', 'EUR'),
		(current_setting('app.tenant')::uuid, '00000000-0000-0000-0000-00000000000b', now(), now(), 'B', 'EUR'),
		(current_setting('app.tenant')::uuid, '00000000-0000-0000-0000-00000000000c', now(), now(), 'C', 'USD');
	INSERT INTO transfers (tenant_id, id, created_at, amount) VALUES (current_setting('app.tenant')::uuid, '00000000-0000-0000-0000-000000000001', now(), 100);
	INSERT INTO entries (tenant_id, id, created_at, transfer_id, account_id, amount) VALUES
		(current_setting('app.tenant')::uuid, gen_random_uuid(), now(), '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a', -100),
		(current_setting('app.tenant')::uuid, gen_random_uuid(), now(), '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000b', 100);`

const newTransfer = `INSERT INTO public.transfers (tenant_id, id, created_at, amount) VALUES (current_setting('app.tenant')::uuid, '00000000-0000-0000-0000-000000000002', now(), 50);`

// entry is a statement that adds an entry to the new transfer.
func entry(account, amount string) string {
	return `INSERT INTO entries (tenant_id, id, created_at, transfer_id, account_id, amount) VALUES
		(current_setting('app.tenant')::uuid, gen_random_uuid(), now(), '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000` + account + `', ` + amount + `);`
}

func TestBalancedTransfers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, statements string
		fails            bool
	}{
		{"commits a transfer with two entries that sum to zero", newTransfer + entry("a", "-50") + entry("b", "50"), false},
		{"commits entries that were deleted with their transfer", "DELETE FROM entries; DELETE FROM transfers;", false},
		{"refuses a transfer without entries", newTransfer, true},
		{"refuses a transfer with one entry", newTransfer + entry("a", "-50"), true},
		{"refuses entries that don't sum to zero", newTransfer + entry("a", "-50") + entry("b", "49"), true},
		{"refuses entries of another amount", newTransfer + entry("a", "-51") + entry("b", "51"), true},
		{"refuses entries in two currencies", newTransfer + entry("a", "-50") + entry("c", "50"), true},
		{"refuses three entries", newTransfer + entry("a", "-50") + entry("b", "25") + entry("c", "25"), true},
		{"refuses an entry that is added later", `INSERT INTO entries (tenant_id, id, created_at, transfer_id, account_id, amount) VALUES
			(current_setting('app.tenant')::uuid, gen_random_uuid(), now(), '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000c', 1);`, true},
		{"refuses an entry that is changed", "UPDATE entries SET amount = 99 WHERE amount = 100;", true},
		{"refuses an entry that is moved to another transfer", newTransfer + entry("a", "-50") + entry("b", "50") +
			`UPDATE entries SET transfer_id = '00000000-0000-0000-0000-000000000002',
				account_id = '00000000-0000-0000-0000-00000000000c' WHERE amount = 100;`, true},
		{"refuses an entry that is deleted", "DELETE FROM entries WHERE amount = 100;", true},
		{"refuses an amount that is changed", "UPDATE transfers SET amount = 99;", true},
		{"looks past temporary tables", "CREATE TEMPORARY TABLE transfers (LIKE public.transfers);" + newTransfer, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.Open(t, pgtest.WithParams(t, pgtest.URL(t), map[string]string{schemakit.TenantSetting: uuid.NewString()}))
			exec(t, db, books)
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), tt.statements); err != nil {
				t.Fatalf("statements: %v, want success until COMMIT", err)
			}
			err = tx.Commit()
			if !tt.fails && err != nil {
				t.Errorf("commit = %v, want success", err)
			}
			if tt.fails {
				wantUnbalanced(t, err)
			}
		})
	}
}

// wantUnbalanced checks the parts of the error that code goes by.
func wantUnbalanced(t *testing.T, err error) {
	t.Helper()
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		t.Fatalf("commit = %v, want a PgError", err)
	}
	got := [...]string{pgErr.Code, pgErr.SchemaName, pgErr.TableName, pgErr.ConstraintName}
	if want := [...]string{"23514", "public", "transfers", "transfers_balanced"}; got != want {
		t.Errorf("commit = %q, want %q", got, want)
	}
}
