package review

import (
	"context"
	"fmt"
	"slices"

	"commitment/internal/migrator/review/trace"
)

// locksTell reports whether the tables that a file locks are those whose rows matter to
// it. They aren't if it changes functions or types, which reach tables without a lock, if
// it ends transactions, or if blocks handle exceptions, which releases locks.
func (s *sample) locksTell(ctx context.Context, stmts []trace.Statement) (bool, error) {
	if slices.ContainsFunc(stmts, func(stmt trace.Statement) bool { return !trace.LockTells(stmt.SQL) }) {
		return false, nil
	}
	const query = `SELECT EXISTS (SELECT FROM pg_proc p WHERE p.oid >= 16384 AND p.prosrc ~* '\mexception\s+when\M'
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))`
	var handled bool
	if err := s.db.QueryRowContext(ctx, query).Scan(&handled); err != nil {
		return false, fmt.Errorf("look for functions that handle exceptions: %w", err)
	}
	return !handled, nil
}
