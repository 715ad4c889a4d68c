package catalog

import (
	"context"
	"slices"
	"strings"
)

// Reader reads the schema of one database, and of its copies on the same server, again and
// again: what has changed since it was read last. Printing the definitions of indexes takes
// most of the time, so it prints those that have changed. What hasn't changed is shared
// with the last schema, so that many of them take little memory. The zero value works.
type Reader struct {
	last    Schema
	indexes map[uint32]printedIndex
}

// Read is the function [Read].
func (r *Reader) Read(ctx context.Context, db Querier) (Schema, error) {
	s, err := r.read(ctx, db)
	if err != nil {
		return s, err
	}
	for i, t := range s.Tables {
		at, there := slices.BinarySearchFunc(r.last.Tables, t.Name, func(t Table, name string) int { return strings.Compare(t.Name, name) })
		if there && t.equal(r.last.Tables[at]) {
			s.Tables[i] = r.last.Tables[at]
		}
	}
	if slices.Equal(s.Others, r.last.Others) {
		s.Others = r.last.Others
	}
	r.last = s
	return s, nil
}

func (t Table) equal(o Table) bool {
	return t.Name == o.Name && t.OID == o.OID && t.Options == o.Options &&
		slices.Equal(t.Columns, o.Columns) && slices.Equal(t.Others, o.Others) &&
		slices.EqualFunc(t.Constraints, o.Constraints, Constraint.equal) &&
		slices.EqualFunc(t.Indexes, o.Indexes, Index.equal)
}

func (c Constraint) equal(o Constraint) bool {
	return c.Name == o.Name && c.OID == o.OID && c.Type == o.Type && c.Definition == o.Definition && c.Valid == o.Valid &&
		c.References == o.References && slices.Equal(c.Columns, o.Columns) && slices.Equal(c.RefColumns, o.RefColumns)
}

func (i Index) equal(o Index) bool {
	return i.Name == o.Name && i.OID == o.OID && i.Definition == o.Definition && i.Unique == o.Unique && i.Valid == o.Valid &&
		i.Partial == o.Partial && i.Constraint == o.Constraint && slices.Equal(i.Columns, o.Columns)
}
