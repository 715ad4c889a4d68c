package main

import (
	"cmp"
	_ "embed"
	"strconv"
	"strings"
	"text/template"

	"entgo.io/ent/dialect"
	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

//go:embed declared.tmpl
var declaredText string

// declared compiles in what the annotations of schemakit say: the entities'
// objects and renames, as migrate.Objects and migrate.Renames.
type declared struct{ entc.DefaultExtension }

// Templates implements [entc.Extension].
func (declared) Templates() []*gen.Template {
	t := gen.NewTemplate("declared").Funcs(template.FuncMap{"literal": literal, "viewOf": viewOf})
	return []*gen.Template{gen.MustParse(t.Parse(declaredText))}
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
