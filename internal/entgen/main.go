// Command entgen generates everything below ent from the schemas in ent/schema. It runs
// in the project's root, by `go generate ./...`, and imports no code of the
// application, so it works in a tree without generated files.
package main

import (
	"log"
	"os"

	"entgo.io/ent/entc/gen"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("entgen: ")
	if err := generate("ent", "commitment/ent"); err != nil {
		log.Fatal(err)
	}
}

// features are those of https://entgo.io/docs/features.
var features = []gen.Feature{
	gen.FeaturePrivacy,   // package privacy: the rules of a schema's Policy
	gen.FeatureIntercept, // package intercept: typed interceptors of queries
	gen.FeatureLock,      // SELECT … FOR UPDATE, for rows that are read to be changed
	gen.FeatureModifier,  // Modify, for SQL that the builders lack
	gen.FeatureExecQuery, // ExecContext and QueryContext of a client
	gen.FeatureUpsert,    // INSERT … ON CONFLICT
}

// generate writes the client of the schemas in dir/schema into dir, as package
// pkg. Schemas that use this package, in a hook or a policy, are compiled with
// what their declarations alone generate, whatever dir holds.
func generate(dir, pkg string) error {
	tmp, err := os.MkdirTemp("", "entgen")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	s, err := parseSchemas(dir, pkg)
	if err != nil {
		return err
	}
	overlay := noOverlay
	if s.useGenerated() {
		if overlay, err = s.bootstrap(tmp); err != nil {
			return err
		}
	}
	return s.generate(dir, tmp, overlay, s.structs())
}

// generate writes into target what the schemas among types give when Go's
// commands see the tree with an overlay.
func (s *schemas) generate(target, tmp, overlay string, types []string) error {
	loaded, err := s.load(tmp, overlay, types)
	if err != nil {
		return err
	}
	storage, err := gen.NewStorage("sql")
	if err != nil {
		return err
	}
	for i, pkg := range storage.Imports {
		if pkg == "entgo.io/ent/dialect/sql/sqlgraph" {
			storage.Imports[i] = "commitment/internal/sqlgraph" // which has the same API
		}
	}
	graph, err := gen.NewGraph(&gen.Config{
		Schema:    s.pkg + "/schema",
		Target:    target,
		Package:   s.pkg,
		Storage:   storage,
		Features:  features,
		Templates: s.templates(),
		Hooks:     []gen.Hook{s.resources, direct, withoutSchema},
	}, loaded...)
	if err != nil {
		return err
	}
	return graph.Gen()
}
