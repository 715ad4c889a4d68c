package arch

import (
	"fmt"
	"go/ast"
	"strings"
	"testing"
)

// The limits, in lines. Most files and functions are far below.
const (
	maxFile     = 500
	maxTestFile = 600
	maxFunc     = 80
)

// sizes finds hand-written files and functions that are too long.
func sizes(t *tree) []string {
	var found []string
	for _, s := range t.handwritten() {
		limit := maxFile
		if s.test() {
			limit = maxTestFile
		}
		if s.lines > limit {
			found = append(found, fmt.Sprintf("%s has %d lines, want at most %d", s.path, s.lines, limit))
		}
		for _, decl := range s.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			first, last := t.fset.Position(fn.Pos()).Line, t.fset.Position(fn.End()).Line
			if n := last - first + 1; n > maxFunc {
				found = append(found, fmt.Sprintf("%s:%d: %s has %d lines, want at most %d", s.path, first, fn.Name.Name, n, maxFunc))
			}
		}
	}
	return found
}

func TestSizes(t *testing.T) {
	t.Parallel()
	// The package clause and the function's own lines add to the empty ones.
	file := func(lines int) string { return "package a\n" + strings.Repeat("\n", lines-1) }
	function := func(lines int) string { return "package a\nfunc run() {\n" + strings.Repeat("\n", lines-2) + "}\n" }
	try(t, sizes, []example{
		{"accepts what reaches the limits", map[string]string{
			"internal/a/a.go":      file(500),
			"internal/a/a_test.go": file(600),
			"internal/a/run.go":    function(80),
			"ent/client.go":        file(9000),
		}, nil},
		{"finds what exceeds them", map[string]string{
			"internal/a/a.go":      file(501),
			"internal/a/a_test.go": file(601),
			"internal/a/run.go":    function(81),
		}, []string{
			"internal/a/a.go has 501 lines, want at most 500",
			"internal/a/a_test.go has 601 lines, want at most 600",
			"internal/a/run.go:2: run has 81 lines, want at most 80",
		}},
	})
}
