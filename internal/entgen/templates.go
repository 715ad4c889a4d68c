package main

import (
	"cmp"
	"embed"
	"strconv"
	"strings"
	"text/template"

	"entgo.io/ent/dialect"
	"entgo.io/ent/entc/gen"
)

//go:embed *.tmpl
var templateFiles embed.FS

// templates are what the project adds to Ent's own templates.
func templates() *gen.Template {
	t := gen.NewTemplate("project").Funcs(template.FuncMap{"literal": literal, "viewOf": viewOf})
	return gen.MustParse(t.ParseFS(templateFiles, "*.tmpl"))
}

// viewOf is what a view selects, by entsql.View or entsql.ViewFor; empty when the
// schema doesn't say.
func viewOf(n *gen.Type) string {
	annotation := n.EntSQL()
	if annotation == nil {
		return ""
	}
	return cmp.Or(annotation.ViewFor[dialect.Postgres], annotation.ViewAs)
}

// literal is text as a Go string, in the form that reads like the text itself
// where there is one.
func literal(text string) string {
	if strings.Contains(text, "\n") && strconv.CanBackquote(strings.ReplaceAll(text, "\n", "")) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}
