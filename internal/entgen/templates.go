package main

import (
	"embed"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"entgo.io/ent/entc/gen"
)

//go:embed *.tmpl
var templateFiles embed.FS

// templates are what the project adds to Ent's own templates.
func (s *schemas) templates() []*gen.Template {
	parse := func(t *gen.Template, names ...string) *gen.Template {
		return gen.MustParse(t.ParseFS(templateFiles, names...))
	}
	funcs := template.FuncMap{"literal": literal, "objects": objects, "tenants": tenants, "digest": s.digest}
	return []*gen.Template{
		parse(gen.NewTemplate("imports"), "imports.tmpl"),
		parse(gen.NewTemplate("declared").Funcs(funcs), "declared.tmpl"),
		parse(gen.NewTemplate("runtime").Funcs(template.FuncMap{"positions": positions}), "runtime.tmpl"),
		parse(gen.NewTemplate("client_get").Funcs(template.FuncMap{"getsDirectly": getsDirectly}), "client_get.tmpl"),
		parse(gen.NewTemplate("tx"), "tx_clients.tmpl", "tx_hooks.tmpl", "tx_execquery.tmpl"),
		parse(gen.NewTemplate("edges").Funcs(template.FuncMap{"isTenants": isTenants}).SkipIf(withoutEdgeSchemas), "edge_defaults.tmpl"),
	}
}

// withoutEdgeSchemas reports whether no edge has a schema.
func withoutEdgeSchemas(g *gen.Graph) bool {
	return !slices.ContainsFunc(g.Nodes, func(n *gen.Type) bool {
		return slices.ContainsFunc(n.Edges, func(e *gen.Edge) bool { return e.Through != nil })
	})
}

// position is where a schema declares a field: in its Fields if Mixin is -1.
type position struct {
	Mixin, Index int
	Name         string
}

// positions are those of all fields of a schema.
func positions(t *gen.Type) []position {
	var all []position
	for _, f := range append([]*gen.Field{t.ID}, t.Fields...) {
		if f == nil || f.Position == nil {
			continue
		}
		p := position{-1, f.Position.Index, f.Name}
		if f.Position.MixedIn {
			p.Mixin = f.Position.MixinIndex
		}
		all = append(all, p)
	}
	return all
}

// literal returns text as a Go string literal, in the more readable form.
func literal(text string) string {
	if strings.Contains(text, "\n") && strconv.CanBackquote(strings.ReplaceAll(text, "\n", "")) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}
