package catalog_test

import (
	"testing"

	"commitment/internal/migration/catalog"
)

func TestChangeIsSaidOnOneLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change catalog.Change
		want   string
	}{
		"says what was added": {
			catalog.Change{Kind: catalog.KindView, Name: "v", After: "SELECT 1"},
			"view v was added: SELECT 1",
		},
		"says what was dropped, with its table": {
			catalog.Change{Kind: catalog.KindIndex, Table: "products", Name: "i", Before: "CREATE INDEX i ON products (id)"},
			"index products.i was dropped: CREATE INDEX i ON products (id)",
		},
		"says both sides of what was altered": {
			catalog.Change{Kind: catalog.KindColumn, Table: "products", Name: "c", Before: "integer", After: "bigint"},
			"column products.c was integer, is bigint",
		},
		"breaks no line": {
			catalog.Change{Kind: catalog.KindFunction, Name: "f()", After: "BEGIN\n\tRETURN 1;\nEND"},
			"function f() was added: BEGIN RETURN 1; END",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.change.String(); got != test.want {
				t.Errorf("String() = %q, want %q", got, test.want)
			}
		})
	}
}
