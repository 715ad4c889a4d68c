package sqlgraph

import (
	"context"
	"sync"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
)

// ByID is the query of the row with an id, as Query().Where(ID(id)).Only(ctx) sends it.
// Its text is made once, and what its row is scanned into is used again.
type ByID struct {
	table      string
	columns    []string
	id         string
	scanValues func([]string) ([]any, error)

	once sync.Once
	text string
	err  error     // why there is no text
	rows sync.Pool // of *Row
}

// NewByID returns the query of a table's row. ScanValues returns what the columns are
// scanned into.
func NewByID(table string, columns []string, id string, scanValues func([]string) ([]any, error)) *ByID {
	return &ByID{table: table, columns: columns, id: id, scanValues: scanValues}
}

// Row is the result of [ByID.Query].
type Row struct {
	Count  int   // of the rows that were found: 2 means more than one
	Values []any // of the first one's columns

	scannable bool
}

// Query runs the query. The caller calls Release when it has taken the values.
func (q *ByID) Query(ctx context.Context, drv dialect.Driver, id any) (*Row, error) {
	text, args, err := q.statement(ctx, drv, id)
	if err != nil {
		return nil, err
	}
	row, err := q.newRow()
	if err != nil {
		return nil, err
	}
	rows := &sql.Rows{}
	if row.scannable {
		rows.ColumnScanner = Scannable{}
	}
	if err := drv.Query(ctx, text, args, rows); err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err has its error
	for row.Count = 0; rows.Next(); row.Count++ {
		if row.Count > 0 {
			continue
		}
		if err := rows.Scan(row.Values...); err != nil {
			return nil, err
		}
	}
	return row, rows.Err()
}

// statement returns the text of the query, and its arguments.
func (q *ByID) statement(ctx context.Context, drv dialect.Driver, id any) (string, []any, error) {
	if !isLean(drv) || !isArgument(id) {
		return q.build(ctx, drv, id)
	}
	q.once.Do(func() { q.text, _, q.err = q.build(ctx, drv, id) })
	return q.text, []any{id}, q.err
}

// build makes the query as [QueryNodes] does.
func (q *ByID) build(ctx context.Context, drv dialect.Driver, id any) (string, []any, error) {
	selector, err := selectorOf(ctx, drv, &QuerySpec{
		Node:      &NodeSpec{Table: q.table, Columns: q.columns},
		Predicate: sql.FieldEQ(q.id, id),
		Limit:     2,
	})
	if err != nil {
		return "", nil, err
	}
	text, args := selector.Query()
	return text, args, nil
}

// newRow returns a row to scan into.
func (q *ByID) newRow() (*Row, error) {
	if row, ok := q.rows.Get().(*Row); ok {
		return row, nil
	}
	values, err := q.scanValues(q.columns)
	if err != nil {
		return nil, err
	}
	return &Row{Values: values, scannable: scannable(values)}, nil
}

// Release gives a row back, if another one can be scanned into its values.
func (q *ByID) Release(row *Row) {
	for _, v := range row.Values {
		if !empty(v) {
			return
		}
	}
	q.rows.Put(row)
}

// empty makes a value as it was before it was scanned into, and reports whether it could.
func empty(value any) bool {
	switch v := value.(type) {
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
		*v = uuid.UUID{}
	case *[]byte:
		*v = nil // the entity may have the bytes themselves
	default:
		return false
	}
	return true
}
