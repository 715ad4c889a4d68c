package sqlgraph

import (
	"context"
	"math"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"commitment/internal/sqlscan"
)

// QueryNodes selects rows.
func QueryNodes(ctx context.Context, drv dialect.Driver, spec *QuerySpec) error {
	selector, err := selectorOf(ctx, drv, spec)
	if err != nil {
		return err
	}
	values, err := spec.ScanValues(spec.Node.Columns)
	if err != nil {
		return err
	}
	query, args := selector.Query()
	rows := newRows(values)
	if err := drv.Query(ctx, query, args, rows); err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err has its error
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	unused := slices.Equal(columns, spec.Node.Columns) // a modifier may have added some
	for reusable := unused; rows.Next(); unused = false {
		if !unused && (!reusable || !reset(values)) {
			if values, reusable, err = newValues(rows, columns, spec.ScanValues); err != nil {
				return err
			}
		}
		if err := rows.Scan(values...); err != nil {
			return err
		}
		if err := spec.Assign(columns, values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Scannable is the ColumnScanner of rows that a query is about to fill: all that its
// columns are scanned into is what package sqlscan can scan into. Rows that can do no more
// than that, and name what other columns are scanned into, are enough.
type Scannable struct{ sql.ColumnScanner }

// Typer are rows that choose what a column that isn't known is scanned into.
type Typer interface{ NewValue(column int) any }

// newRows returns rows for a query that is scanned into values.
func newRows(values []any) *sql.Rows {
	for _, v := range values {
		if !sqlscan.Can(v) {
			return &sql.Rows{}
		}
	}
	return &sql.Rows{ColumnScanner: Scannable{}}
}

// newValues returns what a row is scanned into, and whether it may be used again: an
// entity keeps the values of columns that aren't its own.
func newValues(rows *sql.Rows, columns []string, scanValues func([]string) ([]any, error)) (values []any, reusable bool, err error) {
	values, err = scanValues(columns)
	if err != nil {
		return nil, false, err
	}
	reusable = true
	for i, v := range values {
		if _, ok := v.(*sql.UnknownType); ok {
			values[i], reusable = newValue(rows, i), false
		}
	}
	return values, reusable, nil
}

func newValue(rows *sql.Rows, column int) any {
	if t, ok := rows.ColumnScanner.(Typer); ok {
		return t.NewValue(column)
	}
	return sql.ScanTypeOf(rows, column)
}

// reset empties values that have been assigned, and reports whether it could: an entity
// copies these types, which the generator sees to, and may keep a part of any other.
func reset(values []any) bool {
	for _, v := range values {
		switch v := v.(type) {
		case *sql.NullBool:
			*v = sql.NullBool{}
		case *sql.NullInt64:
			*v = sql.NullInt64{}
		case *sql.NullFloat64:
			*v = sql.NullFloat64{}
		case *sql.NullString:
			*v = sql.NullString{}
		case *sql.NullTime:
			*v = sql.NullTime{}
		case *uuid.UUID:
			*v = uuid.Nil
		default:
			return false
		}
	}
	return true
}

// selectorOf returns the query.
func selectorOf(ctx context.Context, drv dialect.Driver, spec *QuerySpec) (*sql.Selector, error) {
	selector := spec.From
	if selector == nil {
		builder := sql.Dialect(drv.Dialect())
		selector = builder.Select().From(builder.Table(spec.Node.Table).Schema(spec.Node.Schema)).WithContext(ctx)
	}
	if spec.From == nil && drv.Dialect() == dialect.Postgres && spec.Node.Schema == "" && plain(spec.Node.Table) && allPlain(spec.Node.Columns) {
		selector.Select(qualified(spec.Node.Table, spec.Node.Columns)...)
	} else {
		selector.Select(selector.Columns(spec.Node.Columns...)...)
	}
	if spec.Order != nil {
		spec.Order(selector)
	}
	if spec.Predicate != nil {
		spec.Predicate(selector)
	}
	if spec.Offset != 0 {
		selector.Offset(spec.Offset).Limit(math.MaxInt32) // as Ent does; some databases want both
	}
	if spec.Limit != 0 {
		selector.Limit(spec.Limit)
	}
	if spec.Unique {
		selector.Distinct()
	}
	for _, modify := range spec.Modifiers {
		modify(selector)
	}
	if err := selector.Err(); err != nil {
		return nil, err
	}
	return selector, nil
}

// qualified returns the plain names of a table's columns, each with the table's and quoted.
// They are parts of one string.
func qualified(table string, columns []string) []string {
	size := 0
	for _, c := range columns {
		size += len(table) + len(c) + len(`"".""`)
	}
	var b strings.Builder
	b.Grow(size)
	for _, c := range columns {
		b.WriteByte('"')
		b.WriteString(table)
		b.WriteString(`"."`)
		b.WriteString(c)
		b.WriteByte('"')
	}
	all, names := b.String(), make([]string, len(columns))
	for i, c := range columns {
		n := len(table) + len(c) + len(`"".""`)
		names[i], all = all[:n], all[n:]
	}
	return names
}
