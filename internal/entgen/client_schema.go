package main

import "entgo.io/ent/entc/gen"

// withoutSchema removes the field Schema from the client. It could create tables
// without a migration, and would link Atlas's planner and its HCL parser into the
// service. The package ent/migrate stays, for the planner of migrations.
func withoutSchema(next gen.Generator) gen.Generator {
	return gen.GenerateFunc(func(g *gen.Graph) error {
		if err := next.Generate(g); err != nil {
			return err
		}
		storage := *g.Storage
		storage.SchemaMode &^= gen.Migrate
		g.Storage = &storage
		return next.Generate(g)
	})
}
