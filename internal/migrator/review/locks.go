package review

import (
	"context"
	"fmt"
	"strings"

	"commitment/internal/migrator/review/trace"
	"commitment/internal/sqltoken"
)

// locksTell reports whether the tables that a file locks are those whose rows matter to
// it. They aren't if it changes functions or types, which reach tables without a lock, if
// it ends transactions, or if blocks handle exceptions, which releases locks.
func (s *sample) locksTell(ctx context.Context, stmts []trace.Statement) (bool, error) {
	for _, stmt := range stmts {
		if !lockTells(stmt.SQL) {
			return false, nil
		}
	}
	const query = `SELECT EXISTS (SELECT FROM pg_proc p WHERE p.oid >= 16384 AND p.prosrc ~* '\mexception\s+when\M'
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))`
	var handled bool
	if err := s.db.QueryRowContext(ctx, query).Scan(&handled); err != nil {
		return false, fmt.Errorf("look for functions that handle exceptions: %w", err)
	}
	return !handled, nil
}

// lockTells reports whether a statement locks the tables whose rows matter to it, as far
// as its first words tell.
func lockTells(statement string) bool {
	var words []string
	for t := range sqltoken.All(statement) {
		if words = append(words, strings.ToLower(t.Text)); len(words) == 3 {
			break
		}
	}
	switch words = append(words, "", "", ""); words[0] {
	case "insert", "update", "delete", "merge", "truncate", "select", "with", "values", "lock",
		"comment", "set", "reset", "analyze", "vacuum", "reindex", "cluster", "refresh", "grant", "revoke":
		return true
	case "create":
		switch words[1] {
		case "unlogged", "unique", "materialized":
			return words[2] == "table" || words[2] == "index" || words[2] == "view"
		case "type", "schema":
			return true
		}
	case "alter", "drop":
		if words[1] == "materialized" {
			return true
		}
	default:
		return false
	}
	switch words[1] {
	case "table", "index", "view", "sequence":
		return true
	}
	return false
}
