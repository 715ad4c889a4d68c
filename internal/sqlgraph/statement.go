package sqlgraph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/schema/field"
)

// assignment is a column and what a statement makes of it.
type assignment struct {
	column string
	value  any
	op     op
}

// op is how an assignment is made.
type op uint8

const (
	set op = iota
	setNull
	add
)

// columns are the assignments of a statement, in Ent's order.
type columns []assignment

// set adds what fields and edges set.
func (c *columns) set(fields []*FieldSpec, edges []*EdgeSpec) error {
	for _, f := range fields {
		value := f.Value
		if f.Type == field.TypeJSON {
			encoded, err := json.Marshal(value)
			if err != nil {
				return fmt.Errorf("marshal value for column %s: %w", f.Column, err)
			}
			value = json.RawMessage(encoded)
		}
		*c = append(*c, assignment{f.Column, value, set})
	}
	for _, rel := range keyRels {
		for _, e := range edges {
			if e.Rel == rel {
				*c = append(*c, assignment{e.Columns[0], e.Target.Nodes[0], set})
			}
		}
	}
	return nil
}

// clear adds what fields and edges set to NULL. Added are the edges that are set, too.
func (c *columns) clear(fields []*FieldSpec, edges, added []*EdgeSpec) {
	for _, f := range fields {
		*c = append(*c, assignment{f.Column, nil, setNull})
	}
	for _, rel := range keyRels {
		for _, e := range edges {
			if e.Rel == rel && !slices.ContainsFunc(added, func(a *EdgeSpec) bool { return a.Columns[0] == e.Columns[0] }) {
				*c = append(*c, assignment{e.Columns[0], nil, setNull})
			}
		}
	}
}

// ordinary reports whether all of them are, and no column is assigned twice.
func (c columns) ordinary() bool {
	for i, a := range c {
		if !a.ordinary() || slices.ContainsFunc(c[:i], func(b assignment) bool { return a.column == b.column }) {
			return false
		}
	}
	return true
}

// same reports whether both assign the same columns, in the same order.
func (c columns) same(others columns) bool {
	return slices.EqualFunc(c, others, func(a, b assignment) bool { return a.column == b.column })
}

// ordinary reports whether the assignment has one argument, and a name that is only quoted.
func (a assignment) ordinary() bool {
	return plain(a.column) && (a.op == setNull || isArgument(a.value))
}

// isArgument reports whether Ent's builder would write a value as $n.
func isArgument(value any) bool {
	switch value.(type) {
	case nil, sql.Querier, sql.ParamFormatter:
		return false
	}
	return true
}

// plain reports whether Ent's builder would write a name between quotes, whatever it is
// the name of.
func plain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// allPlain is plain for all names.
func allPlain(names []string) bool {
	for _, name := range names {
		if !plain(name) {
			return false
		}
	}
	return true
}

// statement is the text of a statement and its arguments.
type statement struct {
	strings.Builder
	args []any
}

// grow makes room for so many names and arguments.
func (s *statement) grow(names, args int) {
	s.args = make([]any, 0, args)
	const perName = 24 // most names, with what stands between them
	s.Grow(64 + perName*names)
}

func (s *statement) name(name string) {
	s.WriteByte('"')
	s.WriteString(name)
	s.WriteByte('"')
}

// comma writes what is between the items of a list, ahead of the i-th.
func (s *statement) comma(i int) {
	if i > 0 {
		s.WriteString(", ")
	}
}

// arg writes an argument.
func (s *statement) arg(value any) {
	s.args = append(s.args, value)
	var digits [20]byte
	s.WriteByte('$')
	s.Write(strconv.AppendInt(digits[:0], int64(len(s.args)), 10))
}

// predicate writes a condition.
func (s *statement) predicate(p *sql.Predicate) {
	p.SetDialect(dialect.Postgres)
	p.SetTotal(len(s.args))
	text, args := p.Query()
	s.WriteString(text)
	s.args = append(s.args, args...)
}

// keyRels are the relations of edges whose key the row itself may hold.
var keyRels = [...]Rel{M2O, O2O}

// hold reports whether all of the edges' keys are columns of the row that is written.
func hold(edges []*EdgeSpec) bool {
	for _, e := range edges {
		if e.Rel != M2O && (e.Rel != O2O || !e.Inverse) {
			return false
		}
	}
	return true
}
