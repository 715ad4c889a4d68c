package revert

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
)

// write is a statement that changes the rows of a table.
type write struct {
	table uint32 // its OID; 0 when it isn't seen
	// columns are the ones that it sets, when it is an UPDATE that is easily
	// read; nil for all.
	columns   []string
	statement string
}

// up runs a file and returns what writes rows in it. PostgreSQL itself says
// that: even where no row is, writing takes ROW EXCLUSIVE on the table, also
// from within a function.
func up(ctx context.Context, db *sql.DB, file migrate.File) ([]write, error) {
	within, err := migration.InTransaction(file)
	if err != nil {
		return nil, err
	}
	statements, err := migration.Statements(file)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to dev database: %w", err)
	}
	defer discard(conn)
	var writes []write
	batches := [][]*migrate.Stmt{statements}
	if !within {
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

// The SQLSTATEs of a statement that can't run in a transaction, and of one that
// would end it.
const (
	inTransaction = "25001"
	endsIt        = "2D000"
)

func runBatch(ctx context.Context, conn *sql.Conn, statements []*migrate.Stmt) ([]write, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	var writes []write
	seen, stored := map[uint32]bool{}, map[uint32]uint32{}
	if err := readStored(ctx, tx, stored); err != nil {
		return nil, err
	}
	for _, s := range statements {
		_, err := tx.ExecContext(ctx, s.Text)
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && len(statements) == 1 && (pg.Code == inTransaction || pg.Code == endsIt) {
			return runOutside(ctx, conn, tx, s.Text, pg.Code)
		}
		if err != nil {
			return nil, err
		}
		found, err := written(ctx, tx, s.Text, seen, stored)
		if err != nil {
			return nil, err
		}
		writes = append(writes, found...)
	}
	return writes, tx.Commit()
}

// runOutside runs a statement that tx has refused with that SQLSTATE.
func runOutside(ctx context.Context, conn *sql.Conn, tx *sql.Tx, statement, code string) ([]write, error) {
	if err := tx.Rollback(); err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, statement); err != nil {
		return nil, err
	}
	if code == endsIt {
		return []write{{statement: statement}}, nil
	}
	return nil, nil // nothing of the other kind writes rows
}

// discard ends the session instead of giving it back to the pool, and takes along
// what the file may have SET.
func discard(conn *sql.Conn) { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }

// readStored reads in which file the rows of each table are.
func readStored(ctx context.Context, tx *sql.Tx, stored map[uint32]uint32) error {
	rows, err := tx.QueryContext(ctx, `SELECT oid::bigint, relfilenode::bigint FROM pg_class
		WHERE relkind = 'r' AND relnamespace = quote_ident(current_schema())::regnamespace`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, file uint32
		if err := rows.Scan(&table, &file); err != nil {
			return err
		}
		stored[table] = file
	}
	return rows.Err()
}

// written returns the tables that a statement has begun to write to, or has
// emptied: TRUNCATE gives a table another file, also from within a block or a
// function. What was seen before may be an earlier statement's lock.
func written(ctx context.Context, tx *sql.Tx, statement string, seen map[uint32]bool, stored map[uint32]uint32) ([]write, error) {
	rows, err := tx.QueryContext(ctx, `SELECT c.oid::bigint, c.relfilenode::bigint, bool_or(l.mode = 'RowExclusiveLock')
		FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
		WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.mode IN ('RowExclusiveLock', 'AccessExclusiveLock')
		AND c.relkind IN ('r', 'p') AND c.relnamespace = quote_ident(current_schema())::regnamespace
		GROUP BY c.oid, c.relfilenode ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var writes []write
	for rows.Next() {
		var table, file uint32
		var locked bool
		if err := rows.Scan(&table, &file, &locked); err != nil {
			return nil, err
		}
		changes := changesRows(statement)
		before, known := stored[table]
		emptied := changes && known && before != file
		if emptied || locked && (changes || !seen[table]) {
			writes = append(writes, write{table: table, columns: assigned(statement), statement: statement})
		}
		seen[table], stored[table] = seen[table] || locked, file
	}
	return writes, rows.Err()
}
