package sqlgraph

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
)

// UpdateNode updates a row, and reads it as the UPDATE has left it, with what BEFORE
// triggers and generated columns make of it. What an AFTER trigger does to the same row
// shows in the next query.
func UpdateNode(ctx context.Context, drv dialect.Driver, spec *UpdateSpec) error {
	query, args, err := update(ctx, drv, spec)
	switch {
	case err != nil:
		return err
	case query == "":
		return ent.UpdateNode(ctx, drv, spec)
	}
	values, err := spec.ScanValues(spec.Node.Columns)
	if err != nil {
		return err
	}
	rows := newRows(values)
	if err := drv.Query(ctx, query, args, rows); err != nil {
		return err
	}
	found, err := readOne(rows, values, spec)
	if closeErr := rows.Close(); err == nil {
		err = closeErr
	}
	if err != nil || found {
		return err
	}
	return ent.UpdateNode(ctx, missed{drv}, spec) // why it was, as Ent has it
}

// missed is a driver whose UPDATE has found no row.
type missed struct{ dialect.Driver }

// Tx returns the driver: nothing is changed any more.
func (m missed) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(m), nil }

// Exec is the UPDATE.
func (missed) Exec(_ context.Context, _ string, _, v any) error {
	if result, ok := v.(*sql.Result); ok {
		*result = noRows{}
	}
	return nil
}

// noRows is the result of an UPDATE that has found no row.
type noRows struct{}

// RowsAffected returns 0.
func (noRows) RowsAffected() (int64, error) { return 0, nil }

// LastInsertId returns 0.
func (noRows) LastInsertId() (int64, error) { return 0, nil }

// UpdateNodes updates rows, and returns how many.
func UpdateNodes(ctx context.Context, drv dialect.Driver, spec *UpdateSpec) (int, error) {
	if !changesItself(drv, spec) || len(spec.Modifiers) > 0 {
		return ent.UpdateNodes(ctx, drv, spec)
	}
	all, err := changes(spec)
	if err != nil {
		return 0, err
	}
	if len(all) == 0 || !isPlain(spec.Node) || !all.ordinary() {
		return ent.UpdateNodes(ctx, drv, spec)
	}
	var s statement
	s.update(spec, all)
	if where := predicate(ctx, spec); where != nil {
		s.WriteString(" WHERE ")
		s.predicate(where)
	}
	result := sql.Result(Whole{})
	if err := drv.Exec(ctx, s.String(), s.args, &result); err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// Whole is the result, before its statement, of an UPDATE that is all that an update of
// entities does. A driver that will make sure of the number of its rows may return before
// it sends the statement.
type Whole struct{ noRows }

// changesItself reports whether an update of entities with one id changes no other table.
func changesItself(drv dialect.Driver, spec *UpdateSpec) bool {
	return isLean(drv) && spec.Node.ID != nil && hold(spec.Edges.Add) && hold(spec.Edges.Clear)
}

// isPlain reports whether the table's name is written between quotes, and alone.
func isPlain(n *NodeSpec) bool { return n.Schema == "" && plain(n.Table) }

// changes returns what an update assigns.
func changes(spec *UpdateSpec) (columns, error) {
	all := make(columns, 0, len(spec.Fields.Set)+len(spec.Fields.Add)+len(spec.Fields.Clear)+len(spec.Edges.Add)+len(spec.Edges.Clear))
	all.clear(spec.Fields.Clear, spec.Edges.Clear, spec.Edges.Add)
	if err := all.set(spec.Fields.Set, spec.Edges.Add); err != nil {
		return nil, err
	}
	for _, f := range spec.Fields.Add {
		all = append(all, assignment{f.Column, f.Value, add})
	}
	return all, nil
}

// predicate returns the condition of an update, or nil.
func predicate(ctx context.Context, spec *UpdateSpec) *sql.Predicate {
	if spec.Predicate == nil {
		return nil
	}
	builder := sql.Dialect(dialect.Postgres)
	selector := builder.Select().From(builder.Table(spec.Node.Table).Schema(spec.Node.Schema)).WithContext(ctx)
	spec.Predicate(selector)
	return selector.P()
}

// update returns the UPDATE of a row, which returns the row, or "" if there is nothing to
// update, or it changes other tables, too: they may change the row once more.
func update(ctx context.Context, drv dialect.Driver, spec *UpdateSpec) (query string, args []any, err error) {
	if !changesItself(drv, spec) || spec.ScanValues == nil {
		return "", nil, nil
	}
	all, err := changes(spec)
	if err != nil {
		return "", nil, err
	}
	where := sql.EQ(spec.Node.ID.Column, spec.Node.ID.Value)
	if p := predicate(ctx, spec); p != nil {
		where = sql.And(where, p)
	}
	switch ordinary := len(spec.Modifiers) == 0 && isPlain(spec.Node) && allPlain(spec.Node.Columns) && all.ordinary(); {
	case ordinary && len(all) > 0:
		var s statement
		s.update(spec, all)
		s.WriteString(" WHERE ")
		s.predicate(where)
		s.WriteString(" RETURNING ")
		for i, name := range spec.Node.Columns {
			s.comma(i)
			s.name(name)
		}
		query, args = s.String(), s.args
	case !ordinary:
		query, args, err = buildUpdate(spec, all, where)
	}
	return query, args, err
}

// update writes an UPDATE up to its condition.
func (s *statement) update(spec *UpdateSpec, all columns) {
	s.grow(2*len(all)+len(spec.Node.Columns)+2, len(all)+1)
	s.WriteString("UPDATE ")
	s.name(spec.Node.Table)
	s.WriteString(" SET ")
	for i, a := range all {
		s.comma(i)
		s.name(a.column)
		s.WriteString(" = ")
		switch a.op {
		case setNull:
			s.WriteString("NULL")
		case add:
			s.WriteString("COALESCE(")
			s.name(spec.Node.Table)
			s.WriteByte('.')
			s.name(a.column)
			s.WriteString(", 0) + ")
			s.arg(a.value)
		case set:
			s.arg(a.value)
		}
	}
}

// buildUpdate returns the UPDATE of any row, or "" if there is nothing to update.
func buildUpdate(spec *UpdateSpec, all columns, where *sql.Predicate) (string, []any, error) {
	u := sql.Dialect(dialect.Postgres).Update(spec.Node.Table).Schema(spec.Node.Schema).Where(where)
	for _, a := range all {
		switch a.op {
		case setNull:
			u.SetNull(a.column)
		case add:
			u.Add(a.column, a.value)
		case set:
			u.Set(a.column, a.value)
		}
	}
	for _, m := range spec.Modifiers {
		m(u)
	}
	if err := u.Err(); err != nil || u.Empty() {
		return "", nil, err
	}
	query, args := u.Returning(spec.Node.Columns...).Query()
	return query, args, nil
}

// readOne reads the row that an UPDATE returns, and reports whether there is one. It reads
// to the end: what an AFTER trigger or a foreign key refuses comes after the row.
func readOne(rows *sql.Rows, values []any, spec *UpdateSpec) (bool, error) {
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(values...); err != nil {
		return false, fmt.Errorf("failed scanning rows: %w", err) // as Ent says
	}
	for rows.Next() { // there is no other
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	return true, spec.Assign(spec.Node.Columns, values)
}
