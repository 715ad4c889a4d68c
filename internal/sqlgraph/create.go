package sqlgraph

import (
	"context"

	"entgo.io/ent/dialect"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
)

// CreateNode inserts a row.
func CreateNode(ctx context.Context, drv dialect.Driver, spec *CreateSpec) error {
	s, ok, err := insert(drv, spec)
	switch {
	case err != nil:
		return err
	case !ok:
		return ent.CreateNode(ctx, drv, spec)
	}
	return drv.Exec(ctx, s.String(), s.args, nil)
}

// insert returns the INSERT of an ordinary row. Its id must be known: otherwise the server
// makes it.
func insert(drv dialect.Driver, spec *CreateSpec) (_ *statement, ok bool, err error) {
	if drv.Dialect() != dialect.Postgres || spec.ID == nil || spec.ID.Value == nil || len(spec.OnConflict) > 0 ||
		spec.Schema != "" || !plain(spec.Table) || !hold(spec.Edges) {
		return nil, false, nil
	}
	all := make(columns, 0, len(spec.Fields)+len(spec.Edges)+1)
	if err := all.set(spec.Fields, spec.Edges); err != nil {
		return nil, false, err
	}
	all = append(all, assignment{spec.ID.Column, spec.ID.Value, set})
	if !all.ordinary() {
		return nil, false, nil
	}
	s := newStatement(len(all), len(all))
	s.WriteString("INSERT INTO ")
	s.name(spec.Table)
	s.WriteString(" (")
	for i, a := range all {
		s.comma(i)
		s.name(a.column)
	}
	s.WriteString(") VALUES (")
	for i, a := range all {
		s.comma(i)
		s.arg(a.value)
	}
	s.WriteByte(')')
	return s, true, nil
}
