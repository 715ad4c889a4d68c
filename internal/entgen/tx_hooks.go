package main

import (
	_ "embed"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

//go:embed tx_hooks.tmpl
var txHooksText string

// txHooks lets a savepoint that is undone take back the hooks that were registered
// on the transaction inside it.
type txHooks struct{ entc.DefaultExtension }

// Templates implements [entc.Extension].
func (txHooks) Templates() []*gen.Template {
	return []*gen.Template{gen.MustParse(gen.NewTemplate("tx_hooks").Parse(txHooksText))}
}
