package main

import (
	"path"

	"entgo.io/ent/entc/gen"
)

// withoutSchema removes the field Schema from the client. It could create tables
// without a migration, and would link Atlas's planner and its HCL parser into the
// service. The package ent/migrate stays, for the planner of migrations.
func withoutSchema(next gen.Generator) gen.Generator {
	return gen.GenerateFunc(func(g *gen.Graph) error {
		storage := *g.Storage
		storage.SchemaMode &^= gen.Migrate
		g.Storage = &storage
		for i, t := range gen.GraphTemplates {
			if path.Dir(t.Format) == "migrate" {
				gen.GraphTemplates[i].Skip = nil
			}
		}
		return next.Generate(g)
	})
}
