package main

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect/sql/schema"
)

// constraint is one of the table's, with the members that clients write and that break it.
type constraint struct{ Name, Kind, Members string }

// constraints finds those of a resource's table by the names that PostgreSQL gives them.
func constraints(tables []*schema.Table, r *resource) []constraint {
	i := slices.IndexFunc(tables, func(t *schema.Table) bool { return t.Name == r.typ.Table() })
	if i < 0 { // a view
		return nil
	}
	t := tables[i]
	var all []constraint
	add := func(kind, name string, columns ...string) {
		var members []string
		for _, f := range r.Fields {
			if (f.Creatable || f.Patchable) && slices.Contains(columns, f.field.StorageKey()) {
				members = append(members, strconv.Quote(f.Name))
			}
		}
		if len(members) > 0 {
			all = append(all, constraint{name, kind, strings.Join(members, ", ")})
		}
	}
	for _, c := range t.PrimaryKey {
		add("Unique", t.Name+"_pkey", c.Name)
	}
	for _, c := range t.Columns {
		if c.Unique && !slices.Contains(t.PrimaryKey, c) {
			add("Unique", t.Name+"_"+c.Name+"_key", c.Name)
		}
	}
	for _, idx := range r.typ.Indexes {
		if idx.Unique {
			add("Unique", idx.Name, idx.Columns...)
		}
	}
	for _, fk := range t.ForeignKeys {
		add("ForeignKey", fk.Symbol, names(fk.Columns)...)
	}
	if a := t.Annotation; a != nil {
		for _, name := range slices.Sorted(maps.Keys(a.Checks)) {
			add("Check", name, word.FindAllString(a.Checks[name], -1)...)
		}
	}
	return all
}

// word finds what may be a column in an expression.
var word = regexp.MustCompile(`[a-z_][a-z0-9_]*`)

func names(columns []*schema.Column) (all []string) {
	for _, c := range columns {
		all = append(all, c.Name)
	}
	return all
}
