package project

import (
	"bytes"
	"embed"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"entgo.io/ent/entc/gen"
)

//go:embed templates
var templates embed.FS

// render executes the template with that name.
func render(name string, data any) ([]byte, error) {
	t, err := template.ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, data); err != nil {
		return nil, err
	}
	if path.Ext(strings.TrimSuffix(name, ".tmpl")) != ".go" {
		return text.Bytes(), nil
	}
	return format.Source(text.Bytes())
}

var entityPattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// An entity is the project's first entity, with its names in each layer.
type entity struct {
	Module string
	Name   string // UserGroup
	Func   string // UserGroups, the name of its resource
	File   string // user_group, the name of its files
	Path   string // user-groups, in URLs
	Noun   string // user group
	A      string // a user group
}

func (s Settings) entity() entity {
	snake := gen.Funcs["snake"].(func(string) string)
	pluralize := gen.Funcs["plural"].(func(string) string)
	e := entity{
		Module: s.Module,
		Name:   s.Entity,
		Func:   strings.TrimSuffix(pluralize(s.Entity), "Slice"), // Ent's plural of a word that has none
		File:   snake(s.Entity),
		Noun:   strings.ReplaceAll(snake(s.Entity), "_", " "),
	}
	e.Path = strings.ReplaceAll(snake(e.Func), "_", "-")
	if e.Func == e.Name {
		e.Func += "Resource"
	}
	e.A = "a " + e.Noun
	if strings.ContainsRune("aeio", rune(e.Noun[0])) {
		e.A = "an " + e.Noun
	}
	return e
}

// reservedPackages are imported by the code that is generated for a resource.
var reservedPackages = strings.Fields("context ent errors fmt json rest sql time uuid")

// addEntity adds the first entity: its schema, its resource and a test. The generated
// code in foundation has names that it can't have.
func (t tree) addEntity(s Settings, foundation tree) error {
	if !entityPattern.MatchString(s.Entity) {
		return fmt.Errorf("entity %q: want a name such as Task or UserGroup", s.Entity)
	}
	if err := gen.ValidSchemaName(s.Entity); err != nil {
		return fmt.Errorf("entity %q: %w", s.Entity, err)
	}
	generated := "ent/" + strings.ToLower(s.Entity)
	taken := foundation.exists(generated) || foundation.exists(generated+".go")
	if taken && !foundation.exists("ent/schema/"+s.entity().File+".go") || slices.Contains(reservedPackages, path.Base(generated)) {
		return fmt.Errorf("entity %q: %s is a package of the generated code; choose another name", s.Entity, path.Base(generated))
	}
	if err := t.addFiles(s); err != nil {
		return err
	}
	if err := t.checkDuplicates("ent/schema", s.Entity); err != nil {
		return err
	}
	edits := []edit{{routesFile, `(func routes\(v1 \*api\) \{\n)`, "${1}" + s.entity().mount()}}
	if resources := "\t\"commitment/ent/resource\"\n"; !bytes.Contains(t[routesFile], []byte(resources)) {
		edits = append(edits, edit{routesFile, `(\t"commitment/internal/idempotency"\n)`, resources + "${1}"})
	}
	return t.apply(edits)
}

const routesFile = "internal/httpapi/routes.go"

// mount is the entity's line in routes.go.
func (e entity) mount() string {
	words := strings.ReplaceAll(e.Path, "-", " ")
	return fmt.Sprintf("\tmount(v1.tag(%q, \"The first of the project's entities.\"), resource.%s())\n",
		strings.ToUpper(words[:1])+words[1:], e.Func)
}

// addFiles adds the files of an entity.
func (t tree) addFiles(s Settings) error {
	e := s.entity()
	for name, p := range map[string]string{
		"schema.go.tmpl":        "ent/schema/" + e.File + ".go",
		"resource_test.go.tmpl": "internal/httpapi/" + e.File + "_test.go",
	} {
		if t[p] != nil {
			return fmt.Errorf("entity %q: %s already exists; choose another name", s.Entity, p)
		}
		text, err := render(name, e)
		if err != nil {
			return err
		}
		t[p] = text
	}
	return nil
}

// checkDuplicates rejects an entity with a name that another file of the package
// declares.
func (t tree) checkDuplicates(dir, entity string) error {
	seen := map[string]string{}
	for p, text := range t {
		if path.Dir(p) != dir || path.Ext(p) != ".go" || strings.HasSuffix(p, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, text, 0)
		if err != nil {
			return err
		}
		for _, name := range declared(file) {
			if other, twice := seen[name]; twice {
				return fmt.Errorf("entity %q: %s and %s would both declare %s; choose another name", entity, other, p, name)
			}
			seen[name] = p
		}
	}
	return nil
}

// declared returns the names that a file declares in its package, without methods.
func declared(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						if name.Name != "_" {
							names = append(names, name.Name)
						}
					}
				}
			}
		}
	}
	return names
}
