package main

import "entgo.io/ent/entc/gen"

// withoutSchema takes the field Schema from the client, which could make tables
// without a migration, and would link Atlas's planner and its parser of HCL into the
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
