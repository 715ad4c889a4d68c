package review

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migrator/review/hazard"
)

// Prechecks are the findings with a query that tells whether a statement would fail on
// production. Those that a directive accepts are among them: accepting that a statement
// may fail doesn't make it pass.
func (r Report) Prechecks() []hazard.Finding {
	var all []hazard.Finding
	for _, f := range r.All() {
		known := slices.ContainsFunc(all, func(o hazard.Finding) bool { return o.Precheck == f.Precheck })
		if _, there := r.Before.Table(f.Table); f.Precheck != "" && there && !known {
			all = append(all, f)
		}
	}
	return all
}

// WritePrechecks writes the queries as a script for psql, which makes its session
// read-only.
func WritePrechecks(w io.Writer, checks []hazard.Finding) error {
	if len(checks) == 0 {
		_, err := io.WriteString(w, "-- Nothing to check: no statement can fail because of rows that a query finds.\n")
		return err
	}
	var b strings.Builder
	b.WriteString("-- Each query returns rows that make a migration fail. An error about a missing column\n" +
		"-- means that an earlier file adds it. One about row-level security means that the role\n" +
		"-- doesn't see all rows: run the script as one with BYPASSRLS.\n" +
		"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;\nSET row_security = off;\n")
	for _, f := range checks {
		fmt.Fprintf(&b, "\n-- %s:%d %s %s\n%s;\n", f.File, f.Line, f.Code, f.Title, f.Precheck)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Precheck runs the queries in a read-only transaction, and returns the findings whose
// query found a row. A query about a column that an earlier pending file adds finds
// none. It returns an error if row-level security hides rows from the role.
func Precheck(ctx context.Context, db *sql.DB, checks []hazard.Finding) (failing []hazard.Finding, err error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("precheck: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it changed nothing
	if _, err := tx.ExecContext(ctx, "SET LOCAL row_security = off"); err != nil {
		return nil, fmt.Errorf("precheck: %w", err)
	}
	for _, f := range checks {
		found, err := findsRow(ctx, tx, f.Precheck)
		if err != nil {
			return nil, fmt.Errorf("precheck %s:%d: %w", f.File, f.Line, err)
		}
		if found {
			failing = append(failing, f)
		}
	}
	return failing, nil
}

func findsRow(ctx context.Context, tx *sql.Tx, query string) (found bool, err error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT precheck"); err != nil {
		return false, err
	}
	err = tx.QueryRowContext(ctx, "SELECT EXISTS ("+query+")").Scan(&found)
	const undefinedColumn, undefinedTable, undefinedFunction = "42703", "42P01", "42883"
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if ok && slices.Contains([]string{undefinedColumn, undefinedTable, undefinedFunction}, refused.Code) {
		_, err = tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT precheck")
	}
	return found, err
}
