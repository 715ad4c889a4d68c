package txn

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5/pgtype"

	"commitment/internal/levers"
	"commitment/internal/sqlgraph"
	"commitment/internal/sqlscan"
)

// isScannable reports whether a query of Ent's may run on pgx, below database/sql.
func isScannable(rows *entsql.Rows) bool {
	_, ok := rows.ColumnScanner.(sqlgraph.Scannable)
	return ok && levers.DirectStatements
}

// queryScannable is Query on pgx.
func (t *lazyTx) queryScannable(ctx context.Context, query string, args any, rows *entsql.Rows) error {
	withFormats, err := pgxArgs(args, sqlscan.Formats)
	if err != nil {
		return err
	}
	open := &scannableRows{}
	if err := t.runPgxQuery(ctx, query, withFormats, &open.pgxRows); err != nil {
		return err
	}
	open.types = open.Conn().TypeMap()
	rows.ColumnScanner = open
	return nil
}

// pgxArgs returns the arguments of a statement of Ent's for pgx, behind its options. They
// are the same slice if there is nothing to change.
func pgxArgs(args any, options ...any) ([]any, error) {
	list, ok := args.([]any)
	if !ok {
		return nil, errors.New("the arguments of a statement must be a []any")
	}
	if len(options) == 0 && !slices.ContainsFunc(list, isNamed) {
		return list, nil
	}
	all := append(make([]any, 0, len(options)+len(list)), options...)
	for _, arg := range list {
		if named, ok := arg.(sql.NamedArg); ok {
			arg = named.Value // as database/sql has it on pgx
		}
		all = append(all, arg)
	}
	return all, nil
}

func isNamed(arg any) bool {
	_, ok := arg.(sql.NamedArg)
	return ok
}

// scannableRows are rows of pgx for package sqlgraph.
type scannableRows struct {
	pgxRows
	types *pgtype.Map
}

// Close closes the rows, and returns the error that ended them, if any.
func (r *scannableRows) Close() error {
	r.pgxRows.Close()
	return r.Err()
}

// Columns returns the names of the columns.
func (r *scannableRows) Columns() ([]string, error) {
	columns := r.FieldDescriptions()
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	return names, nil
}

// NewValue returns what a column is scanned into.
func (r *scannableRows) NewValue(column int) any {
	if columns := r.FieldDescriptions(); column < len(columns) {
		return sqlscan.New(&columns[column])
	}
	return new(any) // the end of the unit has closed the rows, as Scan will say
}

// ColumnTypes returns an error: only database/sql can make them.
func (r *scannableRows) ColumnTypes() ([]*sql.ColumnType, error) {
	return nil, errors.ErrUnsupported
}

// NextResultSet returns false: a query of Ent's has one result.
func (r *scannableRows) NextResultSet() bool { return false }

// Scan scans the row.
func (r *scannableRows) Scan(dest ...any) error {
	if !r.own.enter() {
		return ErrEnded
	}
	defer r.own.leave()
	values, columns := r.Rows.RawValues(), r.Rows.FieldDescriptions()
	if len(values) != len(dest) {
		return errors.Join(r.Rows.Err(), errors.New("sql: the row has been read, or has other columns"))
	}
	for i, raw := range values {
		if err := sqlscan.Scan(r.types, &columns[i], raw, dest[i]); err != nil {
			return sqlscan.Error(i, &columns[i], err)
		}
	}
	return nil
}
