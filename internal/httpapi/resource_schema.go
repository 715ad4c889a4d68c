package httpapi

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"commitment/internal/fault"
	"commitment/internal/rest"
	"commitment/internal/schemakit"
)

// schemas are those of a resource in OpenAPI: what is read, created, replaced and
// patched are different things, and so are their schemas.
type schemas struct {
	view, page, create, replace, patch          *huma.Schema
	batch, batchCreate, batchPatch, batchDelete *huma.Schema
}

// describeResource adds a resource's schemas to the API's.
func describeResource(a *api, r *rest.Erased) schemas {
	t, d := r.Table, describer{a, r.Table, []reflect.Type{r.ViewType, r.CreateType}}
	var s schemas
	s.view = d.component("", "", rest.Readable, rest.Readable)
	s.page = d.page(s.view)
	if t.Operations.Has(rest.Create) {
		s.create = d.component("Create", "to create", rest.Creatable, rest.Required)
	}
	if t.Operations.Has(rest.Update) {
		s.replace = d.component("Replace", "to replace", rest.Creatable, rest.Creatable)
	}
	if t.Operations.Has(rest.Patch) {
		s.patch = d.component("Patch", "to change", rest.Patchable, 0)
	}
	d.batchSchemas(&s, r.Version != nil)
	return s
}

// describer makes the schemas of one resource.
type describer struct {
	api   *api
	table *rest.Table
	types []reflect.Type // those that have the Go types of the members
}

// component adds the schema of the fields that clients have some access to, of which some
// are required, and returns a reference to it.
func (d describer) component(suffix, purpose string, access, required rest.Access) *huma.Schema {
	s := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{}, Description: d.table.Doc}
	if suffix != "" {
		s.AdditionalProperties = false
		s.Description = fmt.Sprintf("The body of a request %s %s.", purpose, schemakit.WithArticle(d.table.Singular))
	}
	for i := range d.table.Fields {
		f := &d.table.Fields[i]
		if !f.Is(access) || suffix == "Replace" && f == d.table.ID() {
			continue
		}
		s.Properties[f.Name] = d.value(f)
		if required != 0 && f.Is(required) {
			s.Required = append(s.Required, f.Name)
		}
	}
	for i := range d.table.Edges {
		if e := &d.table.Edges[i]; e.Expand > 0 && suffix == "" {
			s.Properties[e.Name] = d.edge(e)
		}
	}
	return d.api.addSchema(d.table.Name+suffix, s)
}

// addSchema adds a named schema, and returns a reference to it.
func (a *api) addSchema(name string, s *huma.Schema) *huma.Schema {
	all := a.huma.OpenAPI().Components.Schemas.Map()
	if all[name] != nil {
		panic("httpapi: two schemas are called " + name)
	}
	s.PrecomputeMessages()
	all[name] = s
	return schemaRef(name)
}

func schemaRef(name string) *huma.Schema { return &huma.Schema{Ref: "#/components/schemas/" + name} }

func (d describer) page(view *huma.Schema) *huma.Schema {
	s := &huma.Schema{
		Type: "object", Required: []string{"items"}, Description: "A page of a list of " + d.table.Plural + ".",
		Properties: map[string]*huma.Schema{
			"items":       {Type: "array", Items: view},
			"next":        {Type: "string", Description: "The value of `after` for the next page. The last page has none.", Examples: []any{exampleCursor}},
			"prev":        {Type: "string", Description: "The value of `before` for the previous page. The first page has none.", Examples: []any{exampleCursor}},
			"total":       {Type: "integer", Format: "int64", Description: "The number of items on all pages, if `count` is given.", Examples: []any{120}},
			"total_exact": {Type: "boolean", Description: "Whether `total` is exact. Otherwise there are more.", Examples: []any{true}},
		},
	}
	return d.api.addSchema(d.table.Name+"Page", s)
}

// value is the schema of a field's values.
func (d describer) value(f *rest.Field) *huma.Schema {
	s := d.kind(f)
	s.Description = f.Doc
	s.Nullable = f.Is(rest.Nullable)
	if example := exampleOf(f); example != nil {
		s.Examples = []any{example}
	}
	return s
}

// exampleOf is the field's own example, or one of its kind; nil where there is none.
func exampleOf(f *rest.Field) any {
	switch {
	case f.Example != nil:
		return f.Example
	case f.Kind == rest.Bool:
		return true
	case f.Kind == rest.Int:
		return nearest(f, 1)
	case f.Kind == rest.Float:
		return nearest(f, 1.5)
	case f.Kind == rest.Decimal:
		return "1.50"
	case f.Kind == rest.Time:
		return exampleTime
	case f.Kind == rest.UUID:
		return exampleID
	case f.Kind == rest.Bytes:
		return "AQID"
	case f.Kind == rest.Interval:
		return "PT1H30M"
	case f.Kind == rest.String && f.Pattern == "":
		return exampleText(f)
	}
	return nil
}

// nearest returns the number next to n that a field can have.
func nearest(f *rest.Field, n float64) float64 {
	if f.Min != nil {
		n = max(n, *f.Min)
	}
	if f.Max != nil {
		n = min(n, *f.Max)
	}
	return n
}

// exampleText returns the name of a field, as long as its values have to be.
func exampleText(f *rest.Field) string {
	text := f.Name + strings.Repeat("x", max(0, f.MinLength-len(f.Name)))
	if f.MaxLength > 0 {
		text = text[:min(len(text), f.MaxLength)]
	}
	return text
}

func (d describer) kind(f *rest.Field) *huma.Schema {
	switch f.Kind {
	case rest.Bool:
		return &huma.Schema{Type: "boolean"}
	case rest.Int:
		return integer(f)
	case rest.Float:
		return &huma.Schema{Type: "number", Format: "double", Minimum: f.Min, Maximum: f.Max}
	case rest.Decimal:
		return &huma.Schema{Type: "string", Format: "decimal", Pattern: `^-?[0-9]+(\.[0-9]+)?$`}
	case rest.Time:
		return &huma.Schema{Type: "string", Format: "date-time"}
	case rest.UUID:
		return &huma.Schema{Type: "string", Format: "uuid"}
	case rest.Bytes:
		s := &huma.Schema{Type: "string", ContentEncoding: "base64"}
		if f.MaxLength > 0 {
			longest := base64.StdEncoding.EncodedLen(f.MaxLength)
			s.MaxLength = &longest
		}
		return s
	case rest.Interval:
		return &huma.Schema{Type: "string", Pattern: rest.DurationPattern}
	case rest.Enum:
		s := &huma.Schema{Type: "string"}
		for _, v := range f.Enum {
			s.Enum = append(s.Enum, v)
		}
		return s
	case rest.JSON:
		s := *huma.SchemaFromType(d.api.huma.OpenAPI().Components.Schemas, d.goType(f.Name))
		return &s
	case rest.String:
	}
	s := &huma.Schema{Type: "string", Pattern: f.Pattern}
	if f.MinLength > 0 {
		s.MinLength = &f.MinLength
	}
	if f.MaxLength > 0 {
		s.MaxLength = &f.MaxLength
	}
	return s
}

// integer is the schema of an integer: one that a double holds has bounds.
func integer(f *rest.Field) *huma.Schema {
	s := &huma.Schema{Type: "integer", Format: "int64", Minimum: f.Min, Maximum: f.Max}
	if f.Bits < 64 {
		low, high := -float64(int64(1)<<(f.Bits-1)), float64(int64(1)<<(f.Bits-1)-1)
		if f.Unsigned {
			low, high = 0, float64(int64(1)<<f.Bits-1)
		}
		if s.Minimum == nil {
			s.Minimum = &low
		}
		if s.Maximum == nil {
			s.Maximum = &high
		}
		if f.Bits <= 32 && !f.Unsigned {
			s.Format = "int32"
		}
	} else if f.Unsigned && s.Minimum == nil {
		s.Minimum = new(float64)
	}
	return s
}

// goType is the type of a member.
func (d describer) goType(name string) reflect.Type {
	for _, t := range d.types {
		for f := range t.Fields() {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
				return f.Type
			}
		}
	}
	panic("httpapi: no member " + name)
}

// path is that of the list, and of one entity with "/{id}".
func (m *mounted) path() string { return "/v1/" + m.table.Path }

// ownTable is the key under which the metadata of an operation on a resource has its table.
const ownTable = "table"

// operation is what all operations on a resource have in common.
func (m *mounted) operation(route, id, text string, status int, body *huma.Schema) *huma.Operation {
	errs := m.errs
	if m.table.Policy {
		errs = slices.Concat(errs, []*fault.Error{errForbidden})
	}
	op := m.api.operation(route, id, text, errs...)
	op.Metadata[ownTable] = m.table
	op.DefaultStatus = status
	op.Responses = map[string]*huma.Response{
		strconv.Itoa(status): {Description: http.StatusText(status), Content: map[string]*huma.MediaType{jsonType: {Schema: body}}, Headers: map[string]*huma.Header{}},
	}
	if m.resource.Version != nil && status != http.StatusNoContent && body != m.schemas.page {
		op.Responses[strconv.Itoa(status)].Headers["ETag"] = headers["ETag"]
	}
	if strings.Contains(op.Path, "{id}") {
		schema := describer{api: m.api, table: m.table}.kind(m.table.ID())
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "id", In: "path", Required: true, Schema: schema, Description: "The id of " + schemakit.WithArticle(m.table.Singular) + ".",
		})
	}
	return &op
}

// conditional adds the preconditions, where there is something to compare them with.
func (m *mounted) conditional(op *huma.Operation, names ...string) *huma.Operation {
	for _, name := range names {
		if m.resource.Version != nil || name == "If-None-Match" && m.table.ClientID {
			op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Schema: &huma.Schema{Type: "string"}})
		}
	}
	return op
}

func (m *mounted) listing() *huma.Operation {
	op := m.operation("GET "+m.path(), "list"+camel(m.table.Plural), "List "+m.table.Plural+". Parameters filter and sort; `next` and `prev` lead to the other pages.", http.StatusOK, m.schemas.page)
	op.SkipValidateParams = true // ParseQuery does
	pages(op)
	d := describer{api: m.api, table: m.table}
	op.Parameters = d.parameters()
	return op
}

// pages adds the error of a cursor.
func pages(op *huma.Operation) {
	own, _ := op.Metadata[ownErrors].([]*fault.Error)
	op.Metadata[ownErrors] = slices.Concat(own, []*fault.Error{rest.ErrCursor})
}

func (m *mounted) reading() *huma.Operation {
	op := m.operation("GET "+m.path()+"/{id}", "read"+m.table.Name, "Read "+schemakit.WithArticle(m.table.Singular)+". `fields` selects its members.", http.StatusOK, m.schemas.view)
	op.SkipValidateParams = true // ParseItem does
	op.Parameters = append(append(op.Parameters, fieldsParameter()), expandParameters(m.table)...)
	if len(expandable(m.table)) > 0 && m.resource.Version != nil {
		op.Responses["200"].Headers["ETag"] = optionalETag
	}
	return m.conditional(op, "If-Match", "If-None-Match")
}

func (m *mounted) creation() *huma.Operation {
	op := m.operation("POST "+m.path(), "create"+m.table.Name, "Create "+schemakit.WithArticle(m.table.Singular)+". Absent members get their defaults.", http.StatusCreated, m.schemas.view)
	op.Responses["201"].Headers["Location"] = headers["Location"]
	return op
}

func (m *mounted) replacement() *huma.Operation {
	op := m.operation("PUT "+m.path()+"/{id}", "replace"+m.table.Name, "Replace "+schemakit.WithArticle(m.table.Singular)+". The body has all its writable members.", http.StatusOK, m.schemas.view)
	if m.table.ClientID {
		created := *op.Responses["200"]
		created.Description, created.Headers = http.StatusText(http.StatusCreated), maps.Clone(created.Headers)
		created.Headers["Location"] = headers["Location"]
		op.Responses["201"] = &created
	}
	return m.conditional(op, "If-Match", "If-None-Match")
}

func (m *mounted) patching() *huma.Operation {
	op := m.operation("PATCH "+m.path()+"/{id}", "patch"+m.table.Name, "Change "+schemakit.WithArticle(m.table.Singular)+". The body is a JSON merge patch: absent members stay as they are, and null clears one.", http.StatusOK, m.schemas.view)
	return m.conditional(op, "If-Match", "If-None-Match")
}

func (m *mounted) deletion() *huma.Operation {
	op := m.operation("DELETE "+m.path()+"/{id}", "delete"+m.table.Name, "Delete "+schemakit.WithArticle(m.table.Singular)+". It fails while others refer to it.", http.StatusNoContent, nil)
	return m.conditional(op, "If-Match", "If-None-Match")
}

func (m *mounted) undeletion() *huma.Operation {
	op := m.operation("POST "+m.path()+"/{id}:undelete", "undelete"+m.table.Name, "Undelete "+schemakit.WithArticle(m.table.Singular)+". If it isn't deleted, nothing changes.", http.StatusOK, m.schemas.view)
	return m.conditional(op, "If-Match", "If-None-Match")
}

// camel makes a part of an operation's id of words.
func camel(words string) string {
	var id strings.Builder
	for word := range strings.FieldsSeq(words) {
		id.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return id.String()
}

func fieldsParameter() *huma.Param {
	return &huma.Param{Name: "fields", In: "query", Description: "The members to return, separated by commas; required members may be left out, too. Defaults to all.", Schema: &huma.Schema{Type: "string"}}
}

// parameters are those of a list.
func (d describer) parameters() []*huma.Param {
	one, most, usual := 1.0, float64(d.table.MaxLimit), min(rest.DefaultLimit, d.table.MaxLimit)
	params := []*huma.Param{
		{Name: "limit", In: "query", Schema: &huma.Schema{Type: "integer", Minimum: &one, Maximum: &most, Default: usual}, Description: "The maximum number of items on the page."},
		{Name: "after", In: "query", Schema: &huma.Schema{Type: "string"}, Description: "The `next` value of the previous page."},
		{Name: "before", In: "query", Schema: &huma.Schema{Type: "string"}, Description: "The `prev` value of the next page."},
		{Name: "sort", In: "query", Schema: &huma.Schema{Type: "string", Default: d.table.DefaultSort}, Description: "Up to three of " + strings.Join(d.sortable(), ", ") + ", separated by commas. A leading - sorts in descending order. Null is greater than any value."},
		fieldsParameter(),
		{Name: "show_deleted", In: "query", Schema: &huma.Schema{Type: "boolean"}, Description: "Whether to include deleted items."},
		{Name: "count", In: "query", Schema: &huma.Schema{Type: "string", Enum: []any{"true", "exact"}}, Description: "Counts the items on all pages: `true` up to 10000, `exact` without a limit."},
	}
	params = append(params, expandParameters(d.table)...)
	if d.table.SoftDelete == "" {
		params = slices.DeleteFunc(params, func(p *huma.Param) bool { return p.Name == "show_deleted" })
	}
	for i := range d.table.Fields {
		f := &d.table.Fields[i]
		for _, operator := range f.Operators() {
			params = append(params, d.filter(f, operator))
		}
	}
	return params
}

func (d describer) sortable() (names []string) {
	for i := range d.table.Fields {
		if f := &d.table.Fields[i]; f.Is(rest.Sortable) {
			names = append(names, f.Name)
		}
	}
	return names
}

// filter is the parameter of a filter.
func (d describer) filter(f *rest.Field, operator string) *huma.Param {
	p := &huma.Param{Name: f.Name, In: "query", Schema: d.kind(f), Description: "Filters by " + f.Name + "."}
	if operator != "" {
		p.Name += "." + operator
	}
	switch {
	case operator == "is_null":
		p.Schema = &huma.Schema{Type: "boolean"}
	case rest.Many(operator):
		explode := false // with commas
		p.Explode = &explode
		p.Schema = &huma.Schema{Type: "array", Items: p.Schema}
	case f.Kind == rest.String:
		p.Schema = &huma.Schema{Type: "string"}
	}
	return p
}
