package migration

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrRowSecurity reports a statement from which row-level security would hide rows: the
// migration's role owns the table, and the table has FORCE ROW LEVEL SECURITY.
var ErrRowSecurity = errors.New("the migration's role wouldn't see all rows: " +
	"put ALTER TABLE … NO FORCE ROW LEVEL SECURITY before the statement and FORCE ROW LEVEL SECURITY after it, in the same file, " +
	"or migrate as a role with BYPASSRLS")

// refuseHiddenRows has PostgreSQL refuse what row-level security would hide rows from, for
// the rest of a session. Otherwise a backfill would change no row, VALIDATE would find a
// foreign key valid without having looked, and neither would be an error. A role that
// bypasses row-level security isn't affected.
func refuseHiddenRows(ctx context.Context, db execer) error {
	if _, err := db.ExecContext(ctx, "SET row_security = off"); err != nil {
		return fmt.Errorf("set row_security: %w", err)
	}
	return nil
}

// explainRowSecurity adds to that refusal what to do about it.
func explainRowSecurity(err error) error {
	const insufficientPrivilege, refusal = "42501", "check_enable_rls"
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == insufficientPrivilege && pgErr.Routine == refusal {
		return fmt.Errorf("%w: %w", err, ErrRowSecurity)
	}
	return err
}
