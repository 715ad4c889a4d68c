package migration

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// isSameIndex reports whether the index of that name is the one that the command would
// build. PostgreSQL decides: the command runs on an empty table with the same name and
// columns, in a transaction that is rolled back.
func isSameIndex(ctx context.Context, conn *sql.Conn, c command, index string) (bool, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("compare index %s: %w", index, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing of it is to stay
	have, want, err := bothIndexes(ctx, tx, c, index)
	if err != nil {
		return false, fmt.Errorf("compare index %s: %w", index, err)
	}
	return have == want, nil
}

// bothIndexes returns the definitions of the index and of the one that the command
// builds, as seen from the table's schema.
func bothIndexes(ctx context.Context, tx *sql.Tx, c command, index string) (have, want string, err error) {
	var path, schema, table string
	err = tx.QueryRowContext(ctx, `SELECT current_setting('search_path'), n.nspname, c.relname
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`, c.table.Text).Scan(&path, &schema, &table)
	if err != nil {
		return "", "", err
	}
	if have, err = definition(ctx, tx, index, schema); err != nil {
		return "", "", err
	}
	if _, err := tx.ExecContext(ctx, "SELECT set_config('search_path', $1, true)", path); err != nil {
		return "", "", err
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("CREATE TEMPORARY TABLE %s (LIKE %s)",
		pgx.Identifier{table}.Sanitize(), pgx.Identifier{schema, table}.Sanitize()))
	if err != nil {
		return "", "", err
	}
	if _, err := tx.ExecContext(ctx, c.onTable(pgx.Identifier{"pg_temp", table}.Sanitize())); err != nil {
		return "", "", err
	}
	want, err = definition(ctx, tx, "pg_temp."+c.object.Text, schema)
	return have, want, err
}

// definition is an index's definition as seen from a schema.
func definition(ctx context.Context, tx *sql.Tx, index, schema string) (text string, err error) {
	if _, err := tx.ExecContext(ctx, "SELECT set_config('search_path', quote_ident($1), true)", schema); err != nil {
		return "", err
	}
	err = tx.QueryRowContext(ctx, "SELECT pg_get_indexdef(to_regclass($1), 0, true)", index).Scan(&text)
	return text, err
}

// onTable is the CREATE INDEX CONCURRENTLY for another table, without CONCURRENTLY.
func (c command) onTable(table string) string {
	return c.sql[:c.keyword.From] + c.sql[c.keyword.To:c.table.From] + table + c.sql[c.table.To:]
}
