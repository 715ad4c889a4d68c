package sqlgraph

import (
	"context"
	"math"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
	"github.com/google/uuid"

	"commitment/internal/levers"
	"commitment/internal/sqlscan"
)

// isLean reports whether ordinary statements are written by this package.
func isLean(drv dialect.Driver) bool { return levers.LeanGraph && drv.Dialect() == dialect.Postgres }

// QueryNodes selects rows.
func QueryNodes(ctx context.Context, drv dialect.Driver, spec *QuerySpec) error {
	if !isLean(drv) {
		return ent.QueryNodes(ctx, drv, spec)
	}
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
	var more blocks
	for fits := slices.Equal(columns, spec.Node.Columns); rows.Next(); fits = false { // a modifier may have added some
		if !fits && (len(values) != len(columns) || !more.renew(values)) {
			if values, err = newValues(rows, columns, spec.ScanValues); err != nil {
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
	if scannable(values) {
		return &sql.Rows{ColumnScanner: Scannable{}}
	}
	return &sql.Rows{}
}

// scannable reports whether package sqlscan can scan into all values.
func scannable(values []any) bool {
	for _, v := range values {
		if !sqlscan.Can(v) {
			return false
		}
	}
	return true
}

// newValues returns what a row is scanned into.
func newValues(rows *sql.Rows, columns []string, scanValues func([]string) ([]any, error)) ([]any, error) {
	values, err := scanValues(columns)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if _, ok := v.(*sql.UnknownType); ok {
			values[i] = newValue(rows, i)
		}
	}
	return values, nil
}

func newValue(rows *sql.Rows, column int) any {
	if t, ok := rows.ColumnScanner.(Typer); ok {
		return t.NewValue(column)
	}
	return sql.ScanTypeOf(rows, column)
}

// blocks are values of the common types that rows are scanned into, made many at a time.
type blocks struct {
	bools   block[sql.NullBool]
	ints    block[sql.NullInt64]
	floats  block[sql.NullFloat64]
	strings block[sql.NullString]
	times   block[sql.NullTime]
	ids     block[uuid.UUID]
}

// renew replaces values by new ones for the next row, since an entity may keep what it is
// assigned. It reports whether it knows all of their types.
func (b *blocks) renew(values []any) bool {
	for i, v := range values {
		switch v.(type) {
		case *sql.NullBool:
			values[i] = b.bools.next()
		case *sql.NullInt64:
			values[i] = b.ints.next()
		case *sql.NullFloat64:
			values[i] = b.floats.next()
		case *sql.NullString:
			values[i] = b.strings.next()
		case *sql.NullTime:
			values[i] = b.times.next()
		case *uuid.UUID:
			values[i] = b.ids.next()
		default:
			return false
		}
	}
	return true
}

// block is a piece of memory for values of one type.
type block[T any] struct{ left []T }

func (b *block[T]) next() *T {
	if len(b.left) == 0 {
		b.left = make([]T, 32)
	}
	v := &b.left[0]
	b.left = b.left[1:]
	return v
}

// selectorOf returns the query.
func selectorOf(ctx context.Context, drv dialect.Driver, spec *QuerySpec) (*sql.Selector, error) {
	selector := spec.From
	if selector == nil {
		builder := sql.Dialect(drv.Dialect())
		selector = builder.Select().From(builder.Table(spec.Node.Table).Schema(spec.Node.Schema)).WithContext(ctx)
	}
	if spec.From == nil && isLean(drv) && spec.Node.Schema == "" && plain(spec.Node.Table) && allPlain(spec.Node.Columns) {
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
