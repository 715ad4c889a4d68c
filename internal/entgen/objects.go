package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/entc/gen"

	"commitment/internal/schemakit"
)

// objects are what the entities declare beside their tables, each once, and the views.
func objects(g *gen.Graph) ([]schemakit.Object, error) {
	var all []schemakit.Object
	for _, n := range g.Nodes {
		var declared schemakit.Objects
		if _, err := annotation(n.Annotations, declared.Name(), &declared); err != nil {
			return nil, fmt.Errorf("what %s declares: %w", n.Name, err)
		}
		for _, o := range declared.Objects {
			for _, text := range []*string{&o.Name, &o.Up, &o.Down} {
				*text = strings.ReplaceAll(*text, "{{table}}", n.Table())
			}
			if !slices.Contains(all, o) {
				all = append(all, o)
			}
		}
		if view := viewOf(n); view != "" {
			all = append(all, schemakit.Object{
				Name: n.Table(),
				Up:   fmt.Sprintf("CREATE VIEW %q AS %s", n.Table(), view),
				Down: fmt.Sprintf("DROP VIEW %q", n.Table()),
			})
		}
	}
	return all, nil
}

// viewOf is what a view selects, by entsql.View or entsql.ViewFor; empty for a table, and
// when the schema doesn't say.
func viewOf(n *gen.Type) string {
	annotation := n.EntSQL()
	if !n.IsView() || annotation == nil {
		return ""
	}
	return cmp.Or(annotation.ViewFor[dialect.Postgres], annotation.ViewAs)
}
