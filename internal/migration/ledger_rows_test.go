package migration_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migration/migrationtest"
)

const (
	unbalancedVersion = "20261122000000"
	balancedVersion   = "20261122000100"
)

// Transfers from before the rule stay as they are; from it on, none comes in that
// isn't balanced.
func TestBalancedTransfersOnRows(t *testing.T) {
	t.Parallel()
	dir, err := migration.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	const insert = "INSERT INTO transfers (id, created_at, amount) VALUES (gen_random_uuid(), now(), 100)"
	db := migrationtest.To(t, dir, unbalancedVersion)
	db.Exec(t, insert)
	db.Apply(t, balancedVersion)
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM transfers").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 1 {
		t.Errorf("transfers = %d, want 1", n)
	}
	_, err = db.ExecContext(t.Context(), insert)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.ConstraintName != "transfers_balanced" {
		t.Errorf("insert = %v, want a violation of transfers_balanced", err)
	}
}
