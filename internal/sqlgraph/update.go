package sqlgraph

import (
	"context"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
)

// UpdateNode updates a row, and reads it as triggers and defaults have left it.
func UpdateNode(ctx context.Context, drv dialect.Driver, spec *UpdateSpec) error {
	query, args, err := update(drv, spec)
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
	// The row doesn't exist, or isn't what the predicate asks for. Ent tells which, as after
	// an update that has changed nothing.
	missed := *spec
	missed.Fields, missed.Edges, missed.Modifiers = FieldMut{}, EdgeMut{}, nil
	return ent.UpdateNode(ctx, drv, &missed)
}

// update returns the UPDATE of a row, which returns the row, or "" if there is nothing to
// update, or it changes other tables, too: they may change the row once more.
func update(drv dialect.Driver, spec *UpdateSpec) (query string, args []any, err error) {
	if drv.Dialect() != dialect.Postgres || spec.Node.ID == nil || spec.ScanValues == nil || !hold(spec.Edges.Add) || !hold(spec.Edges.Clear) {
		return "", nil, nil
	}
	all := make(columns, 0, len(spec.Fields.Set)+len(spec.Fields.Add)+len(spec.Fields.Clear)+len(spec.Edges.Add)+len(spec.Edges.Clear))
	all.clear(spec.Fields.Clear, spec.Edges.Clear, spec.Edges.Add)
	if err := all.set(spec.Fields.Set, spec.Edges.Add); err != nil {
		return "", nil, err
	}
	for _, f := range spec.Fields.Add {
		all = append(all, assignment{f.Column, f.Value, add})
	}
	id := assignment{spec.Node.ID.Column, spec.Node.ID.Value, set}
	switch ordinary := spec.Predicate == nil && len(spec.Modifiers) == 0 && spec.Node.Schema == "" && plain(spec.Node.Table) &&
		allPlain(spec.Node.Columns) && id.ordinary() && all.ordinary(); {
	case ordinary && len(all) > 0:
		query, args = writeUpdate(spec, all)
	case !ordinary:
		query, args, err = buildUpdate(spec, all)
	}
	return query, args, err
}

// writeUpdate returns the UPDATE of an ordinary row.
func writeUpdate(spec *UpdateSpec, all columns) (string, []any) {
	s := newStatement(2*len(all)+len(spec.Node.Columns)+2, len(all)+1)
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
	s.WriteString(" WHERE ")
	s.name(spec.Node.ID.Column)
	s.WriteString(" = ")
	s.arg(spec.Node.ID.Value)
	s.WriteString(" RETURNING ")
	for i, name := range spec.Node.Columns {
		s.comma(i)
		s.name(name)
	}
	return s.String(), s.args
}

// buildUpdate returns the UPDATE of any row, or "" if there is nothing to update.
func buildUpdate(spec *UpdateSpec, all columns) (string, []any, error) {
	builder := sql.Dialect(dialect.Postgres)
	u := builder.Update(spec.Node.Table).Schema(spec.Node.Schema).Where(sql.EQ(spec.Node.ID.Column, spec.Node.ID.Value))
	if spec.Predicate != nil {
		selector := builder.Select().From(builder.Table(spec.Node.Table).Schema(spec.Node.Schema))
		spec.Predicate(selector)
		u.FromSelect(selector)
	}
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
		return false, err
	}
	for rows.Next() { // there is no other
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	return true, spec.Assign(spec.Node.Columns, values)
}
