package arch

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// chapters finds chapters that the documentation's index doesn't link.
func chapters(t *tree) []string {
	const index = "docs/index.md"
	var found []string
	for _, p := range t.paths() {
		if path.Dir(p) != "docs" || path.Ext(p) != ".md" || p == index {
			continue
		}
		if !strings.Contains(string(t.files[index]), "]("+path.Base(p)+")") {
			found = append(found, index+" doesn't link "+path.Base(p))
		}
	}
	return found
}

func TestChapters(t *testing.T) {
	t.Parallel()
	try(t, chapters, []example{
		{"accepts chapters that the index links", map[string]string{
			"docs/index.md": "1. [Schema](schema.md): entities", "docs/schema.md": "", "docs/codes/a.md": "", "README.md": "",
		}, nil},
		{"finds one that it doesn't", map[string]string{"docs/index.md": "schema.md", "docs/schema.md": ""}, []string{
			"docs/index.md doesn't link schema.md",
		}},
	})
}

var (
	qualified = regexp.MustCompile(`\b([a-z][a-z0-9]*)\.([A-Z][A-Za-z0-9]*)`)
	ownFunc   = regexp.MustCompile(`(?m)^func ([A-Z]\w*)\(`)
)

// identifiers finds identifiers in the code of Markdown files, such as txn.Savepoint,
// that a package written by hand doesn't declare. A file may declare its own.
func identifiers(t *tree) []string {
	declared := exported(t)
	var found []string
	for _, p := range t.paths() {
		if path.Ext(p) != ".md" || inTestdata(p) {
			continue
		}
		code := codeOf(string(t.files[p]))
		var own []string
		for _, match := range ownFunc.FindAllStringSubmatch(code, -1) {
			own = append(own, match[1])
		}
		for _, match := range qualified.FindAllStringSubmatch(code, -1) {
			names, known := declared[match[1]]
			if known && !slices.Contains(names, match[2]) && !slices.Contains(own, match[2]) {
				found = append(found, fmt.Sprintf("%s names %s, which package %s doesn't have", p, match[0], match[1]))
			}
		}
	}
	return found
}

// codeOf returns the code spans and code blocks of a Markdown text.
func codeOf(text string) string {
	blocks := codeBlock.FindAllString(text, -1)
	spans := codeSpan.FindAllString(codeBlock.ReplaceAllString(text, ""), -1)
	return strings.Join(slices.Concat(blocks, spans), "\n")
}

// exported returns the exported names of the packages that are written by hand, by the
// name of the package. In documentation, schema is Ent's package and not ent/schema.
func exported(t *tree) map[string][]string {
	names := map[string][]string{}
	for _, s := range t.handwritten() {
		pkg := s.syntax.Name.Name
		if s.test() || pkg == "schema" {
			continue
		}
		for _, decl := range s.syntax.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				names[pkg] = append(names[pkg], d.Name.Name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						names[pkg] = append(names[pkg], s.Name.Name)
					case *ast.ValueSpec:
						for _, name := range s.Names {
							names[pkg] = append(names[pkg], name.Name)
						}
					}
				}
			}
		}
	}
	return names
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"internal/txn/mode.go": "package txn\n\nvar ReadOnly, ReadWrite = 1, 2\n\ntype Mode int\n\nfunc SetMode() {}\n",
		"ent/hook/hook.go":     "package hook\n",
	}
	with := func(text string) map[string]string {
		all := map[string]string{"README.md": text}
		maps.Copy(all, files)
		return all
	}
	try(t, identifiers, []example{
		{"accepts what the packages declare, and identifiers of other packages", with("`txn.SetMode(ctx, txn.ReadWrite)` txn.Gone `hook.OwnerFunc` `http.Get`\n" +
			"```go\nfunc Mine() {}\nvar m txn.Mode = txn.Mine()\n```\n"), nil},
		{"finds what they don't", with("`txn.Gone`\n```go\ntxn.Lost()\n```\n"), []string{
			"README.md names txn.Lost, which package txn doesn't have",
			"README.md names txn.Gone, which package txn doesn't have",
		}},
	})
}
