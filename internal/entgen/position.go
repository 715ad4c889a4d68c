package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strconv"

	"entgo.io/ent/entc/gen"
)

// errorAt is an error of a schema, or of a field of it when f isn't nil, with the place in
// the schema's file.
func (s *schemas) errorAt(n *gen.Type, f *gen.Field, message string) error {
	what := n.Name
	if f != nil {
		what += "." + f.Name
	}
	name := ""
	if f != nil {
		name = f.Name
	}
	return fmt.Errorf("%s: %s %s", s.fset.Position(s.find(n, "Fields", name)), what, message)
}

// errorAtEdge is an error of an edge.
func (s *schemas) errorAtEdge(n *gen.Type, e *gen.Edge, message string) error {
	return fmt.Errorf("%s: %s.%s %s", s.fset.Position(s.find(n, "Edges", e.Name)), n.Name, e.Name, message)
}

// find returns where the method declares what has that name, or the schema if that isn't
// to be seen, as with the field of a mixin.
func (s *schemas) find(n *gen.Type, method, name string) token.Pos {
	var schema, declared token.Pos
	for _, file := range s.files {
		for _, decl := range file.syntax.Decls {
			switch d := decl.(type) {
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if t, ok := spec.(*ast.TypeSpec); ok && t.Name.Name == n.Name {
						schema = t.Pos()
					}
				}
			case *ast.FuncDecl:
				if d.Name.Name == method && receiver(d) == n.Name {
					declared = cmp.Or(declared, findDeclaration(d, name))
				}
			}
		}
	}
	return cmp.Or(declared, schema)
}

// receiver is the name of the type of which d is a method, or "".
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) != 1 {
		return ""
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// findDeclaration returns where n calls one of package field's or edge's functions with that name.
func findDeclaration(n ast.Node, name string) token.Pos {
	found := token.NoPos
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Ref" || f.Sel.Name == "Field") {
			return true // what another edge refers to
		}
		if text, ok := call.Args[0].(*ast.BasicLit); ok && text.Value == strconv.Quote(name) {
			found = call.Pos()
		}
		return true
	})
	return found
}

// pattern is the expression that Match has in the declaration of a field, if it is written
// there and JavaScript reads it alike: Ent keeps it in a function. There is no pattern for
// the field of a mixin.
func (s *schemas) pattern(n *gen.Type, f *gen.Field) string {
	found := ""
	for _, file := range s.files {
		for _, decl := range file.syntax.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Name.Name == "Fields" && receiver(d) == n.Name {
				found = cmp.Or(found, matched(d, f.Name))
			}
		}
	}
	if _, err := regexp.Compile(found); err != nil || goOnly.MatchString(found) {
		return ""
	}
	return found
}

// goOnly finds what JavaScript's expressions don't have, or have as something else.
var goOnly = regexp.MustCompile(`\(\?|\\[AzQEpPaC]|\[\[:`)

// matched is the text of the expression in a call of Match, in the chain of calls that
// declares a field.
func matched(n ast.Node, field string) string {
	found := ""
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 || !findDeclaration(call.Fun, field).IsValid() {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		compile, isCall := call.Args[0].(*ast.CallExpr)
		if !ok || method.Sel.Name != "Match" || !isCall || len(compile.Args) != 1 {
			return true
		}
		if text, ok := compile.Args[0].(*ast.BasicLit); ok {
			found, _ = strconv.Unquote(text.Value)
		}
		return true
	})
	return found
}
