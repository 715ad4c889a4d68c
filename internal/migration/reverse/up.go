package reverse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"
)

// write is a statement that changes the rows of a table.
type write struct {
	table uint32 // its OID
	// columns are the ones that it sets, when it is an UPDATE that is easily
	// read; nil for all.
	columns   []string
	statement string
}

// up runs a file and returns what writes rows in it. PostgreSQL itself says
// that: even where no row is, writing takes ROW EXCLUSIVE on the table, also
// from within a function.
func up(ctx context.Context, db *sql.DB, file migrate.File) ([]write, error) {
	statements, err := file.Stmts()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file.Name(), err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to dev database: %w", err)
	}
	defer discard(conn)
	var writes []write
	batches := [][]string{statements}
	if outside(file) {
		batches = slices.Collect(slices.Chunk(statements, 1))
	}
	for _, batch := range batches {
		found, err := runBatch(ctx, conn, batch)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", file.Name(), err)
		}
		writes = append(writes, found...)
	}
	return writes, nil
}

// outside reports whether the file asks for no transaction.
func outside(file migrate.File) bool {
	f, ok := file.(interface{ Directive(name string) []string })
	return ok && slices.Contains(f.Directive("txmode"), "none")
}

// inTransaction is the SQLSTATE of a statement that can't run in a transaction.
const inTransaction = "25001"

func runBatch(ctx context.Context, conn *sql.Conn, statements []string) ([]write, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	var writes []write
	seen := map[uint32]bool{}
	for _, s := range statements {
		_, err := tx.ExecContext(ctx, s)
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == inTransaction && len(statements) == 1 {
			if err := tx.Rollback(); err != nil {
				return nil, err
			}
			_, err := conn.ExecContext(ctx, s) // nothing of that kind writes rows
			return nil, err
		}
		if err != nil {
			return nil, err
		}
		found, err := written(ctx, tx, s, seen)
		if err != nil {
			return nil, err
		}
		writes = append(writes, found...)
	}
	return writes, tx.Commit()
}

// discard ends the session instead of giving it back to the pool, and takes along
// what the file may have SET.
func discard(conn *sql.Conn) { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }

// written returns the tables that a statement has begun to write to, or empties.
// What was seen before may be an earlier statement's lock.
func written(ctx context.Context, tx *sql.Tx, statement string, seen map[uint32]bool) ([]write, error) {
	rows, err := tx.QueryContext(ctx, `SELECT c.oid::bigint FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
		WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND c.relkind IN ('r', 'p')
		AND c.relnamespace = quote_ident(current_schema())::regnamespace
		UNION SELECT to_regclass($1)::oid::bigint WHERE $1 <> '' ORDER BY 1`, truncated(statement))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var writes []write
	for rows.Next() {
		var table uint32
		if err := rows.Scan(&table); err != nil {
			return nil, err
		}
		if !seen[table] || changesRows(statement) {
			writes = append(writes, write{table: table, columns: assigned(statement), statement: statement})
		}
		seen[table] = true
	}
	return writes, rows.Err()
}
