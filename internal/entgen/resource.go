package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"
	"golang.org/x/tools/imports"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

var resourceTemplate = template.Must(template.New("").ParseFS(templateFiles, "resource.tmpl"))

// resource is what the template needs to know of an entity that is exposed.
type resource struct {
	typ        *gen.Type
	annotation rest.Entity
	implied    map[string]bool // edges that the schema doesn't have itself

	Name, Entity, Func, Var       string
	Singular, Plural, Doc         string
	Path, Params                  string
	imports                       map[string]string // the names of packages, by their paths
	Fields                        []*resourceField
	Edges                         []*resourceEdge
	Constraints                   []constraint
	Operations, Settings, Version string
	Clients                       []string // who may use it
	Creates, Patches, Deletes     bool
	Batch                         bool
	Deleted                       string // whether an entity is, where deletion is soft
	Restore                       string // the method that clears the time of the deletion
	Links                         bool
	ID                            string // one that was parsed; empty where Get sends no other statement than a query
}

// resources writes a file into resource, below what is generated, for each schema
// that is annotated as a REST resource, and removes the files of those that aren't any
// more. It writes nothing unless all of them can be.
func (s *schemas) resources(next gen.Generator) gen.Generator {
	return gen.GenerateFunc(func(g *gen.Graph) error {
		if err := s.checkTenants(g); err != nil {
			return err
		}
		files, err := s.resourceFiles(g)
		if err != nil {
			return err
		}
		if err := next.Generate(g); err != nil {
			return err
		}
		return writeResources(filepath.Join(g.Target, "resource"), files)
	})
}

// resourceFiles returns the text of each file, by its name.
func (s *schemas) resourceFiles(g *gen.Graph) (map[string][]byte, error) {
	tables, err := g.Tables()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	var errs []error
	for _, n := range g.Nodes {
		text, err := s.resourceFile(g, n, tables)
		if err != nil {
			errs = append(errs, err)
		}
		if text != nil {
			files[strings.ToLower(n.Name)+".go"] = text
		}
	}
	return files, errors.Join(errs...)
}

func (s *schemas) resourceFile(g *gen.Graph, n *gen.Type, tables []*schema.Table) ([]byte, error) {
	r := &resource{typ: n, implied: impliedEdges(g, n)}
	exposed, err := annotation(n.Annotations, r.annotation.Name(), &r.annotation)
	if err != nil {
		return nil, err
	}
	if !exposed {
		return nil, errors.Join(s.unexposed(n)...)
	}
	if err := s.describe(r); err != nil {
		return nil, err
	}
	if r.Creates || r.Patches {
		r.Constraints = constraints(tables, r)
	}
	var text bytes.Buffer
	if err := resourceTemplate.ExecuteTemplate(&text, "resource", r); err != nil {
		return nil, err
	}
	return imports.Process(filepath.Join(s.dir, "resource", strings.ToLower(n.Name)+".go"), text.Bytes(), nil)
}

// One is the noun with its article.
func (r *resource) One() string { return schemakit.WithArticle(r.Singular) }

// Imports are the file's, in groups as everywhere in the project: the library's, others'
// and ours. Those that aren't needed are taken out again.
func (r *resource) Imports() string {
	groups := make([][]string, 3)
	for _, imported := range slices.Sorted(maps.Keys(r.imports)) {
		spec, name := strconv.Quote(imported), r.imports[imported]
		if name != "" && name != path.Base(imported) {
			spec = name + " " + spec
		}
		first, _, _ := strings.Cut(imported, "/")
		group := 0
		switch module, _, _ := strings.Cut(r.typ.Config.Package, "/"); {
		case first == module:
			group = 2
		case strings.Contains(first, "."):
			group = 1
		}
		groups[group] = append(groups[group], spec)
	}
	var text strings.Builder
	for _, g := range groups {
		text.WriteString(strings.Join(g, "\n") + "\n\n")
	}
	return text.String()
}

// annotation reads an annotation of that name into v, and reports whether there is one.
func annotation(all gen.Annotations, name string, v any) (bool, error) {
	given, ok := all[name]
	if !ok {
		return false, nil
	}
	text, err := json.Marshal(given)
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(text, v)
}

// describe fills in what the template needs.
func (s *schemas) describe(r *resource) error {
	n := r.typ
	if !n.HasOneFieldID() {
		return s.errorAt(n, nil, "has an id of several fields, and a resource has one")
	}
	snake, plural := textFunc("snake"), textFunc("plural")
	r.Name, r.Entity = n.Name, n.Name
	r.Func = strings.TrimSuffix(plural(n.Name), "Slice")
	if r.Func == n.Name {
		r.Func += "Resource"
	}
	r.Var = strings.ToLower(n.Name[:1]) + n.Name[1:]
	r.Singular = strings.ReplaceAll(snake(n.Name), "_", " ")
	r.Plural = strings.ReplaceAll(snake(strings.TrimSuffix(plural(n.Name), "Slice")), "_", " ")
	r.Path = strings.ReplaceAll(r.Plural, " ", "-")
	r.imports = map[string]string{
		"context": "", "entgo.io/ent/dialect/sql": "",
		s.pkg: "", s.pkg + "/" + n.PackageDir(): n.Package(), s.module + "/internal/rest": "", s.module + "/internal/identity": "",
	}
	var errs []error
	for _, f := range append([]*gen.Field{n.ID}, n.Fields...) {
		field, err := s.resourceField(r, f)
		if err != nil {
			errs = append(errs, err)
		}
		if field != nil {
			r.Fields = append(r.Fields, field)
		}
	}
	if errs = append(errs, s.edges(r)...); len(errs) > 0 {
		return errors.Join(errs...)
	}
	if err := s.operations(r); err != nil {
		return err
	}
	return s.settings(r)
}

// textFunc is one of Ent's functions for names.
func textFunc(name string) func(string) string {
	f, ok := gen.Funcs[name].(func(string) string)
	if !ok {
		panic("Ent has no function " + name)
	}
	return f
}

// operations are those that the annotation names, or all that make sense.
func (s *schemas) operations(r *resource) error {
	patchable := slices.ContainsFunc(r.Fields, func(f *resourceField) bool { return f.Patchable })
	given := r.annotation.Operations
	if len(given) == 0 {
		given = []rest.Operation{rest.List, rest.Read, rest.Create, rest.Delete}
		if patchable {
			given = append(given, rest.Update, rest.Patch)
		}
	}
	var names []string
	for _, o := range []rest.Operation{rest.List, rest.Read, rest.Create, rest.Update, rest.Patch, rest.Delete} {
		if !slices.Contains(given, o) {
			continue
		}
		if (o == rest.Update || o == rest.Patch) && !patchable {
			return s.errorAt(r.typ, nil, fmt.Sprintf("has the operation %s, and no field that clients change", o))
		}
		names = append(names, "rest."+exported(string(o)))
	}
	r.Creates, r.Patches = slices.Contains(given, rest.Create), patchable && (slices.Contains(given, rest.Patch) || slices.Contains(given, rest.Update))
	r.Deletes = slices.Contains(given, rest.Delete)
	if getsDirectly(r.typ) {
		r.ID = r.parsedID(r.typ.ID)
	}
	if r.annotation.Batch > 0 {
		r.Batch = true
		for _, o := range []rest.Operation{rest.Create, rest.Patch, rest.Delete} {
			if slices.Contains(given, o) {
				names = append(names, "rest.Batch"+exported(string(o)))
			}
		}
	}
	if r.annotation.SoftDelete != "" && r.Deletes {
		names = append(names, "rest.Undelete")
	}
	r.Operations = strings.Join(names, " | ")
	for name, d := range map[string]rest.Demand{"Readers": r.annotation.Readers, "Writers": r.annotation.Writers} {
		expression, ok := demand(d)
		if !ok {
			return s.errorAt(r.typ, nil, fmt.Sprintf("%s(%q): expected rest.Public, rest.Authenticated or rest.Scope of a name without spaces and quotes", name, d))
		}
		if d != "" {
			r.Clients = append(r.Clients, name+": "+expression+",")
		}
	}
	slices.Sort(r.Clients)
	create, patch := "*"+r.Name+"Create", "*"+r.Name+"Patch"
	if !r.Creates {
		create = "*struct{}"
	}
	if !r.Patches {
		patch = "*struct{}"
	}
	r.Params = fmt.Sprintf("*ent.%s, *%s, %s, %s", r.Entity, r.Name, create, patch)
	return nil
}

func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// demand returns the expression of package identity for a demand, and whether it is one.
func demand(d rest.Demand) (expression string, ok bool) {
	switch {
	case d == "":
		return "", true
	case d == rest.Public, d == rest.Authenticated:
		return "identity." + exported(string(d)), true
	case scopePattern.MatchString(d.Scope()):
		return fmt.Sprintf("identity.Scopes(%q)", d.Scope()), true
	}
	return "", false
}

// scopePattern is the syntax of a scope (RFC 6749, section 3.3).
var scopePattern = regexp.MustCompile(`^[!\x23-\x5b\x5d-\x7e]+$`)

// settings are what remains of the table.
func (s *schemas) settings(r *resource) error {
	a := r.annotation
	if a.DefaultSort == "" {
		a.DefaultSort = "id"
	}
	if a.MaxLimit == 0 {
		a.MaxLimit = 200
	}
	for key := range strings.SplitSeq(a.DefaultSort, ",") {
		name := strings.TrimPrefix(key, "-")
		if !slices.ContainsFunc(r.Fields, func(f *resourceField) bool { return f.Name == name && f.Sortable }) {
			return s.errorAt(r.typ, nil, fmt.Sprintf("DefaultSort(%q): %s isn't sortable", a.DefaultSort, name))
		}
	}
	settings := fmt.Sprintf("DefaultSort: %q, MaxLimit: %d,", a.DefaultSort, a.MaxLimit)
	if a.Batch > 0 {
		settings += fmt.Sprintf(" MaxBatch: %d,", a.Batch)
	}
	if a.ClientID {
		settings += " ClientID: true,"
	}
	if isTenants(r.typ) {
		settings += " Tenant: true,"
	}
	if policed(r.typ, 2) || slices.ContainsFunc(r.Fields, (*resourceField).refersToPolicy) {
		settings += " Policy: true,"
	}
	if a.SoftDelete != "" {
		column := ""
		for _, f := range r.typ.Fields {
			if f.Name == a.SoftDelete && f.IsTime() && f.Optional {
				column = r.typ.Package() + "." + f.Constant()
				r.Restore, r.Deleted = f.MutationClear(), "!e."+f.StructField()+".IsZero()"
				if f.NillableValue() {
					r.Deleted = "e." + f.StructField() + " != nil"
				}
			}
		}
		if column == "" {
			return s.errorAt(r.typ, nil, fmt.Sprintf("SoftDelete(%q): expected an optional field with a time", a.SoftDelete))
		}
		settings += " SoftDelete: " + column + ","
	}
	r.Settings = settings
	for _, f := range r.Fields {
		if f.Name == "version" && f.Readable && !f.nullable && f.field.Type.Type.Integer() {
			r.Version = f.Read
			if f.ViewType != "int64" {
				r.Version = "int64(" + f.Read + ")"
			}
		}
	}
	return nil
}

// writeResources makes dir hold these files and no other generated ones.
func writeResources(dir string, files map[string][]byte) error {
	stale, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, path := range stale {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, kept := files[filepath.Base(path)]; !kept && generatedHeader.Match(text) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	if len(files) == 0 {
		err := os.Remove(dir) // unless it holds something else
		if errors.Is(err, fs.ErrNotExist) || len(stale) == 0 {
			return nil
		}
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	if _, ok := files["doc.go"]; !ok {
		files["doc.go"] = []byte(resourceDoc)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

const resourceDoc = `// Code generated by entgen, DO NOT EDIT.

// Package resource has the REST resources of the schemas that are annotated as such:
// what clients read, create and patch, and one table of fields for each. It knows
// nothing of HTTP.
package resource
`
