package report

import (
	"cmp"
	"maps"
	"slices"

	"commitment/internal/migration/catalog"
)

func tables(s catalog.Schema) map[string]*catalog.Table {
	byName := map[string]*catalog.Table{}
	for i := range s.Tables {
		byName[s.Tables[i].Name] = &s.Tables[i]
	}
	return byName
}

// tableOf is the table that a change belongs to; empty for a view and the like.
func tableOf(c catalog.Change) string {
	if c.Kind == catalog.KindTable {
		return c.Name
	}
	return c.Table
}

// diagramSource is what a diagram is drawn from.
type diagramSource struct {
	before, after map[string]*catalog.Table
	changes       map[string][]catalog.Change // by table
}

// key is a foreign key, with its table.
type key struct {
	table string
	catalog.Constraint
	mark mark
}

// names are the tables of the diagram: those that change, then their neighbors.
func (d diagramSource) names() []string {
	changing := slices.Sorted(maps.Keys(d.changes))
	neighbors := map[string]bool{}
	for _, k := range d.allKeys() {
		if _, ok := d.changes[k.table]; ok {
			neighbors[k.References] = true
		}
		if _, ok := d.changes[k.References]; ok {
			neighbors[k.table] = true
		}
	}
	for _, name := range changing {
		delete(neighbors, name)
	}
	return slices.Concat(changing, slices.Sorted(maps.Keys(neighbors)))
}

// allKeys are the foreign keys of both schemas, each once, by table and name.
func (d diagramSource) allKeys() []key {
	var keys []key
	for _, t := range d.after {
		keys = append(keys, d.keysOf(t, d.before[t.Name], added)...)
	}
	for _, t := range d.before {
		keys = append(keys, d.keysOf(t, d.after[t.Name], removed)...)
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.Name, b.Name)) })
	return slices.CompactFunc(keys, func(a, b key) bool { return a.table == b.table && a.Name == b.Name })
}

// keysOf are a table's foreign keys, marked if the other state doesn't have them.
func (d diagramSource) keysOf(t, other *catalog.Table, missing mark) []key {
	var keys []key
	for _, c := range t.Constraints {
		if c.Type != catalog.ForeignKey || d.before[c.References] == nil && d.after[c.References] == nil {
			continue
		}
		k := key{table: t.Name, Constraint: c, mark: missing}
		if other != nil {
			i := slices.IndexFunc(other.Constraints, func(o catalog.Constraint) bool { return o.Name == c.Name })
			if i >= 0 {
				k.mark = same
				if other.Constraints[i].Definition != c.Definition || other.Constraints[i].Valid != c.Valid {
					k.mark = changed
				}
			}
		}
		keys = append(keys, k)
	}
	return keys
}

// keys are the foreign keys that have both ends in the diagram and touch a table that
// changes.
func (d diagramSource) keys(names []string) []key {
	return slices.DeleteFunc(d.allKeys(), func(k key) bool {
		_, from := d.changes[k.table]
		_, to := d.changes[k.References]
		return !from && !to || !slices.Contains(names, k.table) || !slices.Contains(names, k.References)
	})
}
