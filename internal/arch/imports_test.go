package arch

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// find returns the index of the row of the package at pkg, or -1.
func (rs rules) find(pkg string) int {
	found := -1
	for i, r := range rs {
		if r.pkg == pkg {
			return i
		}
		if strings.HasSuffix(r.pkg, "/...") && covers(r.pkg, pkg) && (found < 0 || len(r.pkg) > len(rs[found].pkg)) {
			found = i
		}
	}
	return found
}

// covers reports whether pkg matches pattern: it is equal, or below a pattern that ends
// in "/...".
func covers(pattern, pkg string) bool {
	top, open := strings.CutSuffix(pattern, "/...")
	return pkg == top || open && within(pkg, top)
}

// coveredBy reports whether pkg matches one of the patterns.
func coveredBy(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return covers(pattern, pkg) })
}

// imports finds imports that the table doesn't allow, and packages without a row.
func (rs rules) imports(t *tree) []string {
	var found []string
	unknown := map[string]bool{}
	for _, s := range t.source {
		i := rs.find(s.dir)
		if i < 0 {
			if !unknown[s.dir] {
				found = append(found, s.dir+" has no row in the table of imports")
			}
			unknown[s.dir] = true
			continue
		}
		for _, spec := range s.syntax.Imports {
			if why := rs.violation(i, s, t.module, importPath(spec)); why != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", s.path, importPath(spec), why))
			}
		}
	}
	return found
}

// importPath returns the path of an import declaration.
func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return p
}

// local returns the path of a package within the module.
func local(imported, module string) string {
	if imported == module {
		return "."
	}
	return strings.TrimPrefix(imported, module+"/")
}

// violation returns why a file of row i's package may not import imported, or "".
func (rs rules) violation(i int, s *source, module, imported string) string {
	switch {
	case coveredBy(banned, imported):
		return "banned"
	case within(imported, module):
		return rs.ownViolation(i, s, local(imported, module))
	case s.test():
		return ""
	case coveredBy(rs[i].never, imported):
		return rs[i].pkg + " must not"
	}
	return ""
}

// ownViolation is violation for a package of this module.
func (rs rules) ownViolation(i int, s *source, pkg string) string {
	j := rs.find(pkg)
	switch {
	case j < 0:
		return "it has no row in the table of imports"
	case s.test() && (j >= i || rs[j].helper):
		return ""
	case s.test():
		return "it is above " + rs[i].pkg
	case !rs.allows(i, j):
		return "not listed in the row of " + rs[i].pkg
	}
	return ""
}

// allows reports whether row i may import row j.
func (rs rules) allows(i, j int) bool {
	return slices.Contains(rs[i].may, rs[j].pkg) || j > i && slices.Contains(rs[i].may, below)
}

// missing finds rows without a package.
func (rs rules) missing(t *tree) []string {
	used := make([]bool, len(rs))
	for _, s := range t.source {
		if i := rs.find(s.dir); i >= 0 {
			used[i] = true
		}
	}
	var found []string
	for i, r := range rs {
		if !used[i] {
			found = append(found, r.pkg+" has a row in the table of imports, but no Go files")
		}
	}
	return found
}

// unused finds permissions that aren't used.
func (rs rules) unused(t *tree) []string {
	used := make([]map[string]bool, len(rs))
	for _, s := range t.source {
		i := rs.find(s.dir)
		if i < 0 || s.test() {
			continue
		}
		for _, spec := range s.syntax.Imports {
			imported := importPath(spec)
			if j := rs.find(local(imported, t.module)); within(imported, t.module) && j >= 0 {
				if used[i] == nil {
					used[i] = map[string]bool{}
				}
				used[i][rs[j].pkg] = true
			}
		}
	}
	var found []string
	for i, r := range rs {
		for _, other := range r.may {
			if other != below && !used[i][other] {
				found = append(found, fmt.Sprintf("%s may import %s, but doesn't", r.pkg, other))
			}
		}
	}
	return found
}

func TestImports(t *testing.T) {
	t.Parallel()
	try(t, table.imports, []example{
		{"lets a row import what it lists", map[string]string{
			"cmd/commitment/main.go":      "package main\nimport \"commitment/internal/cli\"\n",
			"internal/cli/cli.go":         "package cli\nimport (\"commitment/internal/app\"; \"net/http\")\n",
			"internal/httpapi/routes.go":  "package httpapi\nimport (\"commitment/ent\"; \"commitment/ent/product\"; \"net/http\")\n",
			"internal/txn/txn.go":         "package txn\nimport (\"commitment/ent\"; \"database/sql\")\n",
			"ent/client.go":               "package ent\nimport (\"commitment/ent/product\"; \"commitment/internal/schemakit\")\n",
			"ent/schema/product.go":       "package schema\nimport (\"commitment/internal/schemakit\"; \"entgo.io/ent\"; \"regexp\")\n",
			"internal/migration/apply.go": "package migration\nimport \"commitment/ent/migrate/migrations\"\n",
		}, nil},
		{"rejects an import that points up", map[string]string{
			"internal/postgres/pool.go": "package postgres\nimport \"commitment/internal/txn\"\n",
			"internal/app/app.go":       "package app\nimport \"commitment/internal/cli\"\n",
		}, []string{
			"internal/app/app.go imports commitment/internal/cli: not listed in the row of internal/app",
			"internal/postgres/pool.go imports commitment/internal/txn: not listed in the row of internal/postgres",
		}},
		{"rejects an import that skips a layer", map[string]string{
			"cmd/commitment/main.go":     "package main\nimport \"commitment/internal/app\"\n",
			"internal/httpapi/routes.go": "package httpapi\nimport \"commitment/internal/postgres\"\n",
		}, []string{
			"cmd/commitment/main.go imports commitment/internal/app: not listed in the row of cmd/commitment",
			"internal/httpapi/routes.go imports commitment/internal/postgres: not listed in the row of internal/httpapi",
		}},
		{"keeps HTTP and the database apart", map[string]string{
			"internal/httpapi/product.go": "package httpapi\nimport \"database/sql\"\n",
			"internal/middleware/log.go":  "package middleware\nimport _ \"github.com/jackc/pgx/v5/stdlib\"\n",
			"internal/txn/txn.go":         "package txn\nimport \"net/http\"\n",
			"internal/postgres/pool.go":   "package postgres\nimport h \"net/http/httptrace\"\n",
		}, []string{
			"internal/httpapi/product.go imports database/sql: internal/httpapi must not",
			"internal/middleware/log.go imports github.com/jackc/pgx/v5/stdlib: internal/middleware must not",
			"internal/postgres/pool.go imports net/http/httptrace: internal/postgres must not",
			"internal/txn/txn.go imports net/http: internal/txn must not",
		}},
		{"lets hooks in the schema use the client, and nothing below the schema use the schema", map[string]string{
			"ent/schema/product.go":    "package schema\nimport (\"commitment/ent\"; \"commitment/ent/hook\"; \"commitment/internal/txn\"; \"github.com/go-chi/chi/v5\"; \"example.com/money\")\n",
			"ent/client.go":            "package ent\nimport (\"commitment/ent/schema\"; \"commitment/internal/fault\")\n",
			"internal/txn/db.go":       "package txn\nimport _ \"commitment/ent/runtime\"\n",
			"internal/schemakit/id.go": "package schemakit\nimport \"commitment/ent/hook\"\n",
			"internal/entgen/main.go":  "package main\nimport \"commitment/internal/problem\"\n",
		}, []string{
			"ent/client.go imports commitment/ent/schema: not listed in the row of ent/...",
			"ent/schema/product.go imports github.com/go-chi/chi/v5: ent/schema must not",
			"internal/entgen/main.go imports commitment/internal/problem: not listed in the row of internal/entgen",
			"internal/schemakit/id.go imports commitment/ent/hook: not listed in the row of internal/schemakit",
			"internal/txn/db.go imports commitment/ent/runtime: not listed in the row of internal/txn",
		}},
		{"keeps test helpers in tests", map[string]string{
			"internal/app/app.go":       "package app\nimport \"commitment/internal/pgtest\"\n",
			"internal/app/app_test.go":  "package app_test\nimport (\"commitment/internal/app\"; \"commitment/internal/pgtest\"; \"database/sql\")\n",
			"internal/txn/txn_test.go":  "package txn_test\nimport \"commitment/internal/httpapi\"\n",
			"internal/pgtest/pgtest.go": "package pgtest\nimport \"commitment/internal/pgserver\"\n",
		}, []string{
			"internal/app/app.go imports commitment/internal/pgtest: not listed in the row of internal/app",
			"internal/txn/txn_test.go imports commitment/internal/httpapi: it is above internal/txn",
		}},
		{"rejects a second driver, in tests too", map[string]string{
			"internal/postgres/pool_test.go": "package postgres\nimport _ \"github.com/lib/pq\"\n",
		}, []string{
			"internal/postgres/pool_test.go imports github.com/lib/pq: banned",
		}},
		{"requires a row", map[string]string{
			"internal/new/a.go":   "package new\nimport \"commitment/internal/txn\"\n",
			"internal/new/b.go":   "package new\n",
			"internal/app/app.go": "package app\nimport \"commitment/internal/new\"\n",
		}, []string{
			"internal/app/app.go imports commitment/internal/new: it has no row in the table of imports",
			"internal/new has no row in the table of imports",
		}},
	})
}

func TestMissing(t *testing.T) {
	t.Parallel()
	small := rules{{pkg: "internal/app"}, {pkg: "internal/gone"}, {pkg: "ent/..."}, {pkg: "ent/schema"}}
	try(t, small.missing, []example{
		{"finds a row without a package", map[string]string{
			"internal/app/app.go":     "package app\n",
			"internal/gone/README.md": "",
			"ent/product/product.go":  "package product\n",
		}, []string{
			"internal/gone has a row in the table of imports, but no Go files",
			"ent/schema has a row in the table of imports, but no Go files",
		}},
	})
}

func TestUnused(t *testing.T) {
	t.Parallel()
	small := rules{{pkg: "internal/app", may: []string{below, "internal/a", "internal/b", "ent/..."}}, {pkg: "internal/a"}, {pkg: "internal/b"}, {pkg: "ent/..."}}
	try(t, small.unused, []example{
		{"finds an unused permission", map[string]string{
			"internal/app/app.go":      "package app\nimport (\"commitment/ent/product\"; \"commitment/internal/a\"; \"os\")\n",
			"internal/app/app_test.go": "package app\nimport \"commitment/internal/b\"\n",
		}, []string{
			"internal/app may import internal/b, but doesn't",
		}},
	})
}
