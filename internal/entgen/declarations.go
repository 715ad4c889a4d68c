package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/imports"
)

// schemas are the files of a schema package, from which code that depends on generated
// code can be removed: hooks, policies, interceptors and what only they use. The
// declarations remain.
type schemas struct {
	dir    string // the generated directory, which contains the schema package
	pkg    string // the generated package
	module string // the module, whose root is the working directory

	fset  *token.FileSet
	files []*schemaFile
	// generated caches, by import path, whether a package is generated or imports one
	// that is.
	generated map[string]bool
	// dropped are the package's names that depend on generated code.
	dropped map[string]bool
	// bounds are those of the fields of each schema that was loaded.
	bounds map[string]map[string]bounds
	// refused are the errors of validators that refuse the example of their field.
	refused map[string]map[string]string
	// printed are the schemas that were loaded, as [load.MarshalSchema] encodes them.
	printed []json.RawMessage
}

// schemaFile is a file, and the parts of it that depend on generated code.
type schemaFile struct {
	path    string
	text    []byte
	syntax  *ast.File
	imports map[string]string // imports that depend on generated code, by local name
	removed []span
}

// span is a removed part of a file.
type span struct{ from, to token.Pos }

func parseSchemas(dir, pkg string) (*schemas, error) {
	s := &schemas{
		dir: dir, pkg: pkg, module: strings.TrimSuffix(pkg, "/"+dir),
		fset: token.NewFileSet(), generated: map[string]bool{}, dropped: map[string]bool{},
		bounds: map[string]map[string]bounds{}, refused: map[string]map[string]string{},
	}
	paths, err := goFiles(filepath.Join(dir, "schema"))
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		syntax, err := parser.ParseFile(s.fset, p, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		f := &schemaFile{path: p, text: text, syntax: syntax, imports: map[string]string{}}
		for _, spec := range syntax.Imports {
			imported := importPath(spec)
			if !s.dependsOnGenerated(imported) {
				continue
			}
			name := path.Base(imported)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			f.imports[name] = imported
		}
		s.files = append(s.files, f)
	}
	return s, nil
}

// goFiles returns the files of the package in dir that the build would choose, without
// tests.
func goFiles(dir string) ([]string, error) {
	pkg, err := build.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	for i, name := range pkg.GoFiles {
		pkg.GoFiles[i] = filepath.Join(dir, name)
	}
	return pkg.GoFiles, nil
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return p
}

// useGenerated reports whether the package imports code that is generated from it.
func (s *schemas) useGenerated() bool {
	return slices.ContainsFunc(s.files, func(f *schemaFile) bool { return len(f.imports) > 0 })
}

// dependsOnGenerated reports whether the package at an import path is generated or
// imports one that is. If it can't be read, it counts as such.
func (s *schemas) dependsOnGenerated(imported string) bool {
	byHand := imported == s.pkg+"/migrate/migrations" || imported == s.pkg+"/schema" || strings.HasPrefix(imported, s.pkg+"/schema/")
	switch {
	case !byHand && (imported == s.pkg || strings.HasPrefix(imported, s.pkg+"/")):
		return true
	case !strings.HasPrefix(imported, s.module+"/"):
		return false
	}
	known, ok := s.generated[imported]
	if !ok {
		known = s.importsGenerated(filepath.FromSlash(strings.TrimPrefix(imported, s.module+"/")))
		s.generated[imported] = known
	}
	return known
}

func (s *schemas) importsGenerated(dir string) bool {
	paths, err := goFiles(dir)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(paths, func(p string) bool {
		syntax, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		return err != nil || slices.ContainsFunc(syntax.Imports, func(spec *ast.ImportSpec) bool {
			return s.dependsOnGenerated(importPath(spec))
		})
	})
}

// declared returns the text of each file without what depends on generated code, in the
// order of the files.
func (s *schemas) declared() ([][]byte, error) {
	for changed := true; changed; {
		changed = false
		for _, f := range s.files {
			for _, decl := range f.syntax.Decls {
				cut, err := s.markRemoved(f, decl)
				if err != nil {
					return nil, err
				}
				changed = changed || cut
			}
		}
	}
	texts := make([][]byte, len(s.files))
	for i, f := range s.files {
		text, err := s.withoutUnusedImports(f)
		if err != nil {
			return nil, fmt.Errorf("remove generated code from %s: %w", f.path, err)
		}
		texts[i] = text
	}
	return texts, nil
}

// withoutUnusedImports returns the declarations of a file. While goimports looks at it,
// the file declares the schemas of all files: their Type would be that of a package, which
// is searched for in all modules on the disk.
func (s *schemas) withoutUnusedImports(f *schemaFile) ([]byte, error) {
	const added = "\nvar all_, "
	text, err := imports.Process(f.path, fmt.Appendf(f.declarationsOnly(), "%s%s int\n", added, strings.Join(s.structs(), ", ")), nil)
	if err != nil {
		return nil, err
	}
	return text[:bytes.LastIndex(text, []byte(added))], nil
}

// markRemoved marks the declaration, or the parts of it, that depend on generated code,
// and reports whether any of them wasn't marked yet.
func (s *schemas) markRemoved(f *schemaFile, decl ast.Decl) (bool, error) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		used := s.uses(f, d)
		if used == "" || !f.mark(d, d.Doc) {
			return false, nil
		}
		if d.Recv == nil {
			s.dropped[d.Name.Name] = true
		} else if slices.Contains(declarations, d.Name.Name) {
			return false, fmt.Errorf("%s: %s uses %s, which depends on generated code: only Hooks, Interceptors and Policy may",
				s.fset.Position(d.Pos()), d.Name.Name, used)
		}
		return true, nil
	case *ast.GenDecl:
		return s.markRemovedSpecs(f, d), nil
	}
	return false, nil
}

// declarations are the methods of a schema or a mixin from which code is generated.
var declarations = []string{"Fields", "Edges", "Indexes", "Annotations", "Mixin", "Config"}

func (s *schemas) markRemovedSpecs(f *schemaFile, d *ast.GenDecl) bool {
	changed := false
	for _, spec := range d.Specs {
		var names []*ast.Ident
		var node ast.Node = spec
		doc := d.Doc
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			names, doc = []*ast.Ident{spec.Name}, cmp.Or(spec.Doc, doc)
		case *ast.ValueSpec:
			names, doc = spec.Names, cmp.Or(spec.Doc, doc)
		}
		if !d.Lparen.IsValid() {
			node = d
		}
		if s.uses(f, spec) == "" || !f.mark(node, doc) {
			continue
		}
		for _, name := range names {
			s.dropped[name.Name] = true
		}
		changed = true
	}
	return changed
}

// uses returns what n uses that depends on generated code, or "".
func (s *schemas) uses(f *schemaFile, n ast.Node) string {
	used := ""
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			if imported := importPath(n); s.dependsOnGenerated(imported) {
				used = imported
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && f.imports[x.Name] != "" {
				used = f.imports[x.Name]
			} else if found := s.uses(f, n.X); found != "" {
				used = found
			}
			return false // the selected name isn't declared in the package
		case *ast.Ident:
			if s.dropped[n.Name] {
				used = n.Name
			}
		}
		return used == ""
	})
	return used
}

// mark marks a node and its comment as removed, and reports whether it wasn't yet.
func (f *schemaFile) mark(n ast.Node, doc *ast.CommentGroup) bool {
	c := span{from: n.Pos(), to: n.End()}
	if doc != nil {
		c.from = min(c.from, doc.Pos())
	}
	if slices.Contains(f.removed, c) {
		return false
	}
	f.removed = append(f.removed, c)
	return true
}

// declarationsOnly returns the file's text with blanks in place of the removed parts,
// so that the line numbers stay the same.
func (f *schemaFile) declarationsOnly() []byte {
	text := slices.Clone(f.text)
	for _, c := range f.removed {
		for i := c.from - f.syntax.FileStart; i < c.to-f.syntax.FileStart; i++ {
			if text[i] != '\n' {
				text[i] = ' '
			}
		}
	}
	return text
}
