package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
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
	return fmt.Errorf("%s: %s %s", s.fset.Position(s.find(n, f)), what, message)
}

// find returns where a field is declared, or its schema if that isn't to be seen, as with
// the field of a mixin.
func (s *schemas) find(n *gen.Type, f *gen.Field) token.Pos {
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
				if f != nil && d.Name.Name == "Fields" && receiver(d) == n.Name {
					declared = cmp.Or(declared, findField(d, f.Name))
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

// findField returns where n calls one of package field's functions with that name.
func findField(n ast.Node, name string) token.Pos {
	found := token.NoPos
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if text, ok := call.Args[0].(*ast.BasicLit); ok && text.Value == strconv.Quote(name) {
			found = call.Pos()
		}
		return true
	})
	return found
}
