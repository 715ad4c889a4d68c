package sqlgraph

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
)

// CreateNode inserts a row.
func CreateNode(ctx context.Context, drv dialect.Driver, spec *CreateSpec) error {
	var s statement
	ok, err := s.insert(drv, spec)
	switch {
	case err != nil:
		return err
	case !ok:
		return ent.CreateNode(ctx, drv, spec)
	}
	return drv.Exec(ctx, s.String(), s.args, nil)
}

// BatchCreate inserts rows.
func BatchCreate(ctx context.Context, drv dialect.Driver, spec *BatchCreateSpec) error {
	var s statement
	ok, err := s.insertAll(drv, spec)
	switch {
	case err != nil:
		return err
	case !ok:
		return ent.BatchCreate(ctx, drv, spec)
	}
	if err := drv.Exec(ctx, s.String(), s.args, nil); err != nil {
		return fmt.Errorf("insert nodes to table %q: %w", spec.Nodes[0].Table, err)
	}
	return nil
}

// insert writes the INSERT of an ordinary row.
func (s *statement) insert(drv dialect.Driver, spec *CreateSpec) (ok bool, err error) {
	if !isLean(drv) || len(spec.OnConflict) > 0 || spec.Schema != "" || !plain(spec.Table) {
		return false, nil
	}
	row, ok, err := rowOf(spec)
	if err != nil || !ok {
		return false, err
	}
	s.insertInto(spec.Table, row, 1)
	s.row(row)
	return true, nil
}

// insertAll writes the INSERT of ordinary rows with the same columns. Ent's also returns
// the ids, which are known; of numbers it wants them back as int64.
func (s *statement) insertAll(drv dialect.Driver, spec *BatchCreateSpec) (ok bool, err error) {
	if !isLean(drv) || len(spec.OnConflict) > 0 || len(spec.Nodes) == 0 {
		return false, nil
	}
	first := spec.Nodes[0]
	if first.Schema != "" || !plain(first.Table) {
		return false, nil
	}
	var firstRow columns
	for i, node := range spec.Nodes {
		row, ok, err := rowOf(node)
		if err != nil || !ok || node.Table != first.Table || node.Schema != "" || node.ID.Type.Numeric() {
			return false, err
		}
		if i == 0 {
			firstRow = row
			s.insertInto(first.Table, row, len(spec.Nodes))
		} else {
			if !row.same(firstRow) {
				return false, nil // Ent writes NULL for those that a row lacks
			}
			s.WriteString(", ")
		}
		s.row(row)
	}
	return true, nil
}

// rowOf returns what is inserted as a row, the id last, if it is ordinary and its id is
// known: otherwise the server makes it.
func rowOf(spec *CreateSpec) (_ columns, ok bool, err error) {
	if spec.ID == nil || spec.ID.Value == nil || !hold(spec.Edges) {
		return nil, false, nil
	}
	row := make(columns, 0, len(spec.Fields)+len(spec.Edges)+1)
	if err := row.set(spec.Fields, spec.Edges); err != nil {
		return nil, false, err
	}
	row = append(row, assignment{spec.ID.Column, spec.ID.Value, set})
	return row, row.ordinary(), nil
}

// insertInto writes an INSERT up to its rows.
func (s *statement) insertInto(table string, row columns, rows int) {
	s.grow(len(row)+len(row)*rows/4, len(row)*rows)
	s.WriteString("INSERT INTO ")
	s.name(table)
	s.WriteString(" (")
	for i, a := range row {
		s.comma(i)
		s.name(a.column)
	}
	s.WriteString(") VALUES ")
}

// row writes the values of a row.
func (s *statement) row(row columns) {
	s.WriteByte('(')
	for i, a := range row {
		s.comma(i)
		s.arg(a.value)
	}
	s.WriteByte(')')
}
