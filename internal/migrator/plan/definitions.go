package plan

import "commitment/internal/migration/catalog"

// key identifies an object of a schema.
type key struct {
	kind        catalog.Kind
	table, name string
}

// definitions are the objects of a schema by their keys.
type definitions map[key]string

func definitionsOf(s catalog.Schema) definitions {
	all := definitions{}
	for _, o := range s.Objects() {
		all[key{o.Kind, o.Table, o.Name}] = o.Definition
	}
	return all
}

// settled reports whether an object is as the target has it, or missing in both.
func (p *planner) settled(k key) bool { return p.now[k] == p.want[k] }

func constraint(s catalog.Schema, table, name string) (catalog.Constraint, bool) {
	t, _ := s.Table(table)
	for _, c := range t.Constraints {
		if c.Name == name {
			return c, true
		}
	}
	return catalog.Constraint{}, false
}

func index(s catalog.Schema, table, name string) (catalog.Index, bool) {
	t, _ := s.Table(table)
	for _, i := range t.Indexes {
		if i.Name == name {
			return i, true
		}
	}
	return catalog.Index{}, false
}

func column(s catalog.Schema, table, name string) (catalog.Column, bool) {
	t, _ := s.Table(table)
	return t.Column(name)
}

// shared are the tables that both the entities and the files have.
func (p *planner) shared(yield func(have, want catalog.Table) bool) {
	for _, want := range p.base.Tables {
		if have, ok := p.present.Table(want.Name); ok && !yield(have, want) {
			return
		}
	}
}
