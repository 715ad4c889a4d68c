// Command entgen generates everything below ent from the schemas in ent/schema.
// It runs in the project's root, by `go generate ./...`, and imports no code of
// the application, so it works in a tree without any generated file.
package main

import (
	"log"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("entgen: ")
	if err := generate("ent", "commitment/ent"); err != nil {
		log.Fatal(err)
	}
}

// generate writes the client of the schemas in dir/schema into dir, as package pkg.
func generate(dir, pkg string) error {
	return entc.Generate("./"+dir+"/schema", &gen.Config{
		Target:  dir,
		Package: pkg,
		Features: []gen.Feature{
			gen.FeatureLock,   // SELECT … FOR UPDATE, for rows that are read to be changed
			gen.FeatureUpsert, // INSERT … ON CONFLICT
		},
	}, entc.Extensions(declared{}, txHooks{}, lean{}))
}
