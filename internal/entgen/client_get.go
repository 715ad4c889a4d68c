package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"entgo.io/ent/entc/gen"
)

// getsDirectly reports whether the client's Get needs no query builder: neither the
// schema's policy nor its interceptors could see it, and the entity has all columns and
// keeps nothing that they are scanned into.
func getsDirectly(t *gen.Type) bool {
	return t.HasOneFieldID() && t.NumPolicy() == 0 && t.NumInterceptors() == 0 && len(t.UnexportedForeignKeys()) == 0 &&
		!slices.ContainsFunc(append([]*gen.Field{t.ID}, t.Fields...), func(f *gen.Field) bool {
			return f.HasValueScanner() || f.Type.RType != nil && f.Type.RType.IsPtr()
		})
}

// direct lets Get of the clients call get, in client_get.go. Ent's template has no place
// for it.
func direct(next gen.Generator) gen.Generator {
	return gen.GenerateFunc(func(g *gen.Graph) error {
		if err := next.Generate(g); err != nil {
			return err
		}
		file := filepath.Join(g.Target, "client.go")
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, n := range g.Nodes {
			if !getsDirectly(n) {
				continue
			}
			get := fmt.Appendf(nil, ") Get(ctx context.Context, id %s) (*%s, error) {\n\treturn ", n.ID.Type, n.Name)
			ordinary := fmt.Appendf(bytes.Clone(get), "c.Query().Where(%s.ID(id)).Only(ctx)\n", n.Package())
			if bytes.Count(text, ordinary) != 1 {
				return fmt.Errorf("%s: Get of %s is another one than expected", file, n.ClientName())
			}
			text = bytes.Replace(text, ordinary, append(get, "c.get(ctx, id)\n"...), 1)
		}
		return os.WriteFile(file, text, 0o600) // which keeps its mode
	})
}
