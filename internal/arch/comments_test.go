package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// packageComments finds packages written by hand that don't say what they are
// for, in the form that godoc expects.
func packageComments(t *tree) []string {
	documented := map[string]bool{}
	var dirs []string
	for _, s := range t.handwritten() {
		if s.test() {
			continue
		}
		if !slices.Contains(dirs, s.dir) {
			dirs = append(dirs, s.dir)
		}
		documented[s.dir] = documented[s.dir] || introduces(s.syntax)
	}
	var found []string
	for _, dir := range dirs {
		if !documented[dir] {
			found = append(found, dir+" has no package comment")
		}
	}
	return found
}

// introduces reports whether the file has a package comment.
func introduces(file *ast.File) bool {
	text := file.Doc.Text()
	if file.Name.Name == "main" {
		return text != ""
	}
	return strings.HasPrefix(text, "Package "+file.Name.Name+" ")
}

// docComments finds exported names below internal that have no doc comment.
func docComments(t *tree) []string {
	var found []string
	for _, s := range t.handwritten() {
		if s.test() || !within(s.dir, "internal") {
			continue
		}
		for _, decl := range s.syntax.Decls {
			for _, name := range undocumented(decl) {
				found = append(found, fmt.Sprintf("%s:%d: %s has no doc comment", s.path, t.fset.Position(name.Pos()).Line, name.Name))
			}
		}
	}
	return found
}

// undocumented returns the exported names of a declaration that have no
// comment. A method counts when its type is exported.
func undocumented(decl ast.Decl) []*ast.Ident {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc.Text() == "" && d.Name.IsExported() && exportedReceiver(d) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		return undocumentedSpecs(d)
	}
	return nil
}

// exportedReceiver reports whether d is a function, or a method of an exported
// type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// undocumentedSpecs is undocumented for types, constants and variables. The
// comment of a group speaks for its constants and variables, not for types.
func undocumentedSpecs(d *ast.GenDecl) []*ast.Ident {
	var names []*ast.Ident
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Doc.Text() == "" && (d.Lparen.IsValid() || d.Doc.Text() == "") {
				names = append(names, s.Name)
			}
		case *ast.ValueSpec:
			if s.Doc.Text() == "" && s.Comment.Text() == "" && d.Doc.Text() == "" {
				names = append(names, s.Names...)
			}
		}
	}
	return slices.DeleteFunc(names, func(name *ast.Ident) bool { return !token.IsExported(name.Name) })
}

func TestPackageComments(t *testing.T) {
	t.Parallel()
	try(t, packageComments, []example{
		{"takes a comment in any file of the package", map[string]string{
			"internal/app/doc.go":    "// Package app builds the parts.\npackage app\n",
			"internal/app/app.go":    "package app\n",
			"cmd/commitment/main.go": "// Commitment is the service.\npackage main\n",
			"ent/client.go":          "package ent\n",
			"internal/x/x_test.go":   "package x\n",
		}, nil},
		{"finds a package without one", map[string]string{
			"cmd/commitment/main.go":       "package main\n",
			"ent/migrate/migrations/fs.go": "// These are the migrations.\npackage migrations\n",
			"ent/schema/account.go":        "// Package entities is another.\npackage schema\n",
			"internal/app/app.go":          "// Package app, detached.\n\npackage app\n",
			"internal/app/app_test.go":     "// Package app is described in a test.\npackage app\n",
		}, []string{
			"cmd/commitment has no package comment",
			"ent/migrate/migrations has no package comment",
			"ent/schema has no package comment",
			"internal/app has no package comment",
		}},
	})
}

func TestDocComments(t *testing.T) {
	t.Parallel()
	try(t, docComments, []example{
		{"takes comments on a name and on a group", map[string]string{
			"internal/a/a.go": `package a

// A is one.
type A struct{}

// Do does.
func (a *A) Do() {}

// The kinds.
const (
	One = 1
	Two = 2
)

var (
	// Three is documented.
	Three = 3
	Four  = 4 // Four is too.
	five  = 5
)

type c[T any] struct{}

func (c[T]) Close() {}

type d[K, V any] struct{}

func (*d[K, V]) Close() {}

func do() {}
`,
			"internal/a/a_test.go": "package a\nfunc TestA() {}\n",
			"ent/client.go":        "package ent\ntype Client struct{}\n",
		}, nil},
		{"finds names without one", map[string]string{
			"internal/a/a.go": `package a

type A[T any] struct{}

func (a *A[T]) Do() {}

// The types.
type (
	B int
)

//go:noinline
func Run() {}

const One, two, Three = 1, 2, 3
`,
		}, []string{
			"internal/a/a.go:3: A has no doc comment",
			"internal/a/a.go:5: Do has no doc comment",
			"internal/a/a.go:9: B has no doc comment",
			"internal/a/a.go:13: Run has no doc comment",
			"internal/a/a.go:15: One has no doc comment",
			"internal/a/a.go:15: Three has no doc comment",
		}},
	})
}
