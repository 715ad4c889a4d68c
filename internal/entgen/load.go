package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/template"

	"entgo.io/ent/entc/load"

	"commitment/internal/schemakit"
)

// printer is a program that prints the schemas in the form that Ent's generator reads,
// and the bounds of their fields. Ent's own loader reads the imports of the schemas
// from disk, and ignores an overlay.
var printer = template.Must(template.ParseFS(templateFiles, "printer.tmpl"))

// bounds are what the validators of a field accept, as far as calling them can tell:
// Ent keeps only the functions.
type bounds struct {
	Min, Max             *float64
	MinLength, MaxLength int
}

// load compiles the schema package with an overlay, and returns the schemas among
// types.
func (s *schemas) load(tmp, overlay string, types []string) ([]*load.Schema, error) {
	var program, stderr bytes.Buffer
	if err := printer.Execute(&program, map[string]any{"Package": s.pkg + "/schema", "Types": types}); err != nil {
		return nil, err
	}
	path := filepath.Join(tmp, "printer.go")
	if err := os.WriteFile(path, program.Bytes(), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "run", "-overlay", overlay, path) //nolint:noctx // it ends with this program
	cmd.Stderr = &stderr
	lines, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("load the schemas: %w\n%s", err, &stderr)
	}
	var loaded []*load.Schema
	s.printed = nil
	for line := range bytes.Lines(lines) {
		var printed struct {
			Schema  json.RawMessage
			Bounds  map[string]bounds
			Refused map[string]string
		}
		if err := json.Unmarshal(line, &printed); err != nil {
			return nil, err
		}
		one, err := load.UnmarshalSchema(printed.Schema)
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, one)
		s.bounds[one.Name], s.refused[one.Name] = printed.Bounds, printed.Refused
		s.printed = append(s.printed, printed.Schema)
	}
	if len(loaded) == 0 {
		return nil, fmt.Errorf("no schemas in %s/schema", s.dir)
	}
	return loaded, nil
}

// digest identifies the schemas that were loaded last.
func (s *schemas) digest() (string, error) { return schemakit.Digest(s.printed) }

// structs returns the exported struct types of the package, among which are the
// schemas, sorted by name.
func (s *schemas) structs() []string {
	var names []string
	for _, f := range s.files {
		for _, decl := range f.syntax.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok && isStruct(t) && t.Name.IsExported() {
					names = append(names, t.Name.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

func isStruct(t *ast.TypeSpec) bool {
	_, ok := t.Type.(*ast.StructType)
	return ok && t.TypeParams == nil
}
