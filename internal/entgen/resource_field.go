package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"commitment/internal/schemakit/rest"
)

// resourceField is what the template needs to know of a field.
type resourceField struct {
	field      *gen.Field
	annotation rest.Field
	kind       string
	nullable   bool
	required   bool
	filters    []string
	index      string

	Name, Struct                             string
	ViewType, CreateType, PatchType          string
	Read, CreateSet, PatchSet, Row           string
	Readable, Creatable, Patchable, Sortable bool
}

// resourceField describes a field; nil when clients have nothing to do with it.
func (s *schemas) resourceField(r *resource, f *gen.Field) (*resourceField, error) {
	rf := &resourceField{field: f, Name: f.Name, Struct: f.StructField()}
	a := &rf.annotation
	if _, err := annotation(f.Annotations, a.Name(), a); err != nil {
		return nil, err
	}
	if why := contradiction(a); why != "" {
		return nil, s.errorAt(r.typ, f, why)
	}
	if a.Hidden || f.Sensitive() && !a.WriteOnly {
		if a.Filterable || a.Sortable || a.Contains {
			return nil, s.errorAt(r.typ, f, "is hidden, so it can be neither filtered nor sorted by")
		}
		return nil, nil //nolint:nilnil // nothing to describe
	}
	rf.kind, rf.nullable = kind(f), f.Optional
	rf.Readable = !a.WriteOnly
	writable := !a.ReadOnly && f.Name != r.annotation.SoftDelete && (!f.Default && !f.UpdateDefault || a.Writable)
	rf.Creatable, rf.Patchable = writable, writable && !f.Immutable
	if f == r.typ.ID {
		rf.Creatable, rf.Patchable = r.annotation.ClientID, false
	}
	rf.required = rf.Creatable && !f.Optional && !f.Default
	if rf.Readable && rf.nullable && !f.NillableValue() && !nilable(f) {
		return nil, s.errorAt(r.typ, f, "is Optional and not Nillable: clients could not tell null from an empty value")
	}
	if why := rf.findIndex(r.typ); why != "" {
		return nil, s.errorAt(r.typ, f, why)
	}
	pattern := cmp.Or(a.Pattern, s.pattern(r.typ, f))
	if why := cmp.Or(rf.misfit(pattern), s.refused[r.typ.Name][f.Name]); why != "" {
		return nil, s.errorAt(r.typ, f, fmt.Sprintf("has the Example %v: %s", a.Example, why))
	}
	rf.types()
	rf.row(r.typ.Package(), s.bounds[r.typ.Name][f.Name], pattern)
	if f.Type.PkgPath != "" {
		r.imports[f.Type.PkgPath] = f.Type.PkgName
	}
	if e := rf.policed(); e != nil {
		r.imports[s.pkg+"/"+e.Type.PackageDir()] = e.Type.Package()
	}
	return rf, nil
}

// misfit says why the example isn't one of the field's values, as far as its kind tells;
// "" if it is.
func (rf *resourceField) misfit(pattern string) string {
	scalar := slices.Contains([]string{"Bool", "Int", "Float"}, rf.kind)
	switch v := rf.annotation.Example.(type) {
	case nil:
	case string:
		expression, err := regexp.Compile(pattern)
		switch {
		case scalar:
			return "expected no text"
		case rf.kind == "Enum" && !slices.Contains(rf.field.EnumValues(), v):
			return "expected one of " + strings.Join(rf.field.EnumValues(), ", ")
		case err != nil:
			return err.Error()
		case !expression.MatchString(v):
			return "expected a text that matches " + pattern
		}
	case bool:
		if rf.kind != "Bool" && rf.kind != "JSON" {
			return "expected no bool"
		}
	case float64:
		if rf.kind != "Float" && rf.kind != "JSON" && (rf.kind != "Int" || v != math.Trunc(v)) {
			return "expected no such number"
		}
	default:
		if rf.kind != "JSON" {
			return "expected a single value"
		}
	}
	return ""
}

// contradiction says which annotations of a field exclude each other.
func contradiction(a *rest.Field) string {
	switch {
	case a.ReadOnly && (a.WriteOnly || a.Writable):
		return "is ReadOnly, and clients write it"
	case a.Hidden && (a.WriteOnly || a.Writable || a.ReadOnly):
		return "is Hidden, and clients read or write it"
	case a.WriteOnly && (a.Filterable || a.Sortable || a.Contains):
		return "is WriteOnly, so it can be neither filtered nor sorted by"
	}
	return ""
}

// nilable reports whether the type has a value for null.
func nilable(f *gen.Field) bool {
	return f.Type.Nillable || f.Type.RType != nil && slices.Contains([]reflect.Kind{reflect.Map, reflect.Slice, reflect.Pointer, reflect.Interface}, f.Type.RType.Kind)
}

// kind is the field's [rest.Kind], by its Ent type; one whose Go type isn't of that kind
// writes itself.
func kind(f *gen.Field) string {
	numeric := strings.HasPrefix(f.Column().SchemaType[dialect.Postgres], "numeric")
	t := f.Type.Type
	switch {
	case isDuration(f):
		return "Interval"
	case t == field.TypeOther && numeric:
		return "Decimal"
	case t == field.TypeJSON || t == field.TypeOther || f.HasGoType() && !keepsKind(f):
		return "JSON"
	case t == field.TypeString && numeric:
		return "Decimal"
	case t == field.TypeEnum:
		return "Enum"
	case t == field.TypeBool:
		return "Bool"
	case t == field.TypeTime:
		return "Time"
	case t == field.TypeUUID:
		return "UUID"
	case t == field.TypeBytes:
		return "Bytes"
	case t.Float():
		return "Float"
	case t.Integer():
		return "Int"
	}
	return "String"
}

func isDuration(f *gen.Field) bool {
	return f.HasGoType() && f.Type.RType.Ident == "time.Duration" && f.Type.Type.Integer()
}

// keepsKind reports whether a Go type of the schema's own is written as Ent's type is.
func keepsKind(f *gen.Field) bool {
	k := f.Type.RType.Kind
	t := f.Type.Type
	switch {
	case t == field.TypeString || t == field.TypeEnum:
		return k == reflect.String
	case t == field.TypeBool:
		return k == reflect.Bool
	case t.Float():
		return k == reflect.Float32 || k == reflect.Float64
	case t.Integer():
		return k >= reflect.Int && k <= reflect.Uint64
	}
	return t == field.TypeTime || t == field.TypeUUID || t == field.TypeBytes
}

// operators by what a B-tree can do for a kind.
func (rf *resourceField) ordered() []string {
	switch rf.kind {
	case "Bool", "Enum":
		return []string{"Equality"}
	case "Bytes", "JSON":
		return nil
	}
	return []string{"Equality", "Range"}
}

// findIndex finds the filters and the order that the schema's indexes carry, and adds
// what the annotations accept without one. It returns why it can't, or "".
func (rf *resourceField) findIndex(n *gen.Type) string {
	a := rf.annotation
	if rf.Readable && rf.ordered() != nil {
		rf.useIndexes(n)
	}
	if (a.Filterable || a.Sortable || a.Contains) && rf.ordered() == nil {
		return "is neither filtered nor sorted by: its values can't be compared"
	}
	if a.Contains && rf.kind != "String" {
		return "is no text, so it contains none"
	}
	add := func(filters ...string) {
		for _, f := range filters {
			if !slices.Contains(rf.filters, f) {
				rf.filters = append(rf.filters, f)
			}
		}
	}
	switch equality := slices.Contains(rf.filters, "Equality"); {
	case a.Filterable && !equality && !a.Unindexed:
		return "is Filterable, and no index begins with it: add one, or rest.Unindexed()"
	case a.Sortable && !rf.Sortable && !a.Unindexed:
		return "is Sortable, and no B-tree index begins with it: add one, or rest.Unindexed()"
	case a.Contains && !slices.Contains(rf.filters, "Contains") && !a.Unindexed:
		return "is filtered by Contains, and has no GIN index with gin_trgm_ops: add one, or rest.Unindexed()"
	}
	if a.Filterable {
		add(rf.ordered()...)
		if rf.kind == "String" {
			add("Prefix")
		}
	}
	if a.Contains {
		add("Contains")
	}
	rf.Sortable = rf.Sortable || a.Sortable
	return ""
}

// useIndexes adds what indexes that begin with the field carry.
func (rf *resourceField) useIndexes(n *gen.Type) {
	column := rf.field.StorageKey()
	btree := func(name string) {
		rf.filters, rf.Sortable, rf.index = rf.ordered(), true, name
	}
	switch {
	case rf.field == n.ID:
		btree("primary key")
		return
	case rf.field.Unique:
		btree(n.Table() + "_" + column + "_key")
	}
	for _, idx := range n.Indexes {
		a := indexAnnotation(idx)
		if leading(n, idx) != column || a.Where != "" {
			continue
		}
		class := a.OpClass
		if c, ok := a.OpClassColumns[column]; ok {
			class = c
		}
		method := a.Type
		if m, ok := a.Types[dialect.Postgres]; ok {
			method = m
		}
		switch method = strings.ToUpper(method); {
		case (method == "" || method == "BTREE") && class == "":
			if !rf.Sortable {
				prefixed := slices.Contains(rf.filters, "Prefix")
				btree(idx.Name)
				if prefixed {
					rf.filters = append(rf.filters, "Prefix")
				}
			}
		case (method == "" || method == "BTREE") && strings.HasSuffix(class, "_pattern_ops"):
			rf.carry(idx.Name, "Equality", "Prefix")
		case method == "HASH":
			rf.carry(idx.Name, "Equality")
		case method == "GIN" && class == "gin_trgm_ops":
			rf.carry(idx.Name, "Contains")
		}
	}
}

func (rf *resourceField) carry(index string, filters ...string) {
	for _, f := range filters {
		if !slices.Contains(rf.filters, f) {
			rf.filters = append(rf.filters, f)
		}
	}
	if rf.index == "" {
		rf.index = index
	}
}

func indexAnnotation(idx *gen.Index) entsql.IndexAnnotation {
	var a entsql.IndexAnnotation
	_, _ = annotation(idx.Annotations, a.Name(), &a) // Ent has read it, too
	return a
}

// types fills in the Go types, and how values are read and set.
func (rf *resourceField) types() {
	f := rf.field
	typ := f.Type.String()
	rf.ViewType, rf.Read = typ, "e."+rf.Struct
	switch {
	case f.NillableValue() && rf.nullable:
		rf.ViewType = "*" + typ
	case f.NillableValue():
		rf.Read = "*" + rf.Read
	}
	set := func(value string) string { return fmt.Sprintf("m.%s(%s)", f.MutationSet(), value) }
	if isDuration(f) {
		typ = "rest.Duration"
		set = func(value string) string { return fmt.Sprintf("m.%s(time.Duration(%s))", f.MutationSet(), value) }
		rf.Read = "(" + strings.TrimSuffix(rf.ViewType, "time.Duration") + "rest.Duration)(" + rf.Read + ")"
		rf.ViewType = strings.Replace(rf.ViewType, "time.Duration", typ, 1)
	}
	in := "in." + rf.Struct
	switch {
	case rf.required:
		rf.CreateType, rf.CreateSet = typ, set(in)
	case nilable(f):
		rf.CreateType, rf.CreateSet = typ, fmt.Sprintf("if %s != nil {\n%s\n}", in, set(in))
	default:
		rf.CreateType, rf.CreateSet = "*"+typ, fmt.Sprintf("if %s != nil {\n%s\n}", in, set("*"+in))
	}
	rf.PatchType, rf.PatchSet = "rest.Optional["+typ+"]", fmt.Sprintf("if %s.Set {\n%s\n}", in, set(in+".Value"))
	if rf.nullable {
		rf.PatchType = "rest.Clearable[" + typ + "]"
		rf.PatchSet = fmt.Sprintf("if %s.Null {\nm.%s()\n} else %s", in, f.MutationClear(), rf.PatchSet)
	}
}

// row fills in the field's row of the table.
func (rf *resourceField) row(pkg string, b bounds, pattern string) {
	f, a := rf.field, rf.annotation
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	add("Name: %q, Column: %s.%s, Kind: rest.%s", rf.Name, pkg, f.Constant(), rf.kind)
	var access []string
	for _, x := range []struct {
		name string
		has  bool
	}{
		{"Readable", rf.Readable}, {"Creatable", rf.Creatable}, {"Patchable", rf.Patchable}, {"Sortable", rf.Sortable},
		{"Required", rf.required}, {"Nullable", rf.nullable},
	} {
		if x.has {
			access = append(access, "rest."+x.name)
		}
	}
	add("Access: %s", strings.Join(access, " | "))
	if len(rf.filters) > 0 {
		add("Filter: rest.%s", strings.Join(rf.filters, " | rest."))
	}
	if rf.index != "" {
		add("Index: %q", rf.index)
	}
	if rf.kind == "Int" || rf.kind == "Float" {
		add("Bits: %d", bits(f.Type.Type))
	}
	if t := f.Type.Type; rf.kind == "Int" && t >= field.TypeUint8 && t <= field.TypeUint64 {
		add("Unsigned: true")
	}
	add("%s", b)
	if pattern != "" {
		add("Pattern: %q", pattern)
	}
	if f.IsEnum() {
		add("Enum: %#v", f.EnumValues())
	}
	if doc := f.Comment(); doc != "" {
		add("Doc: %q", doc)
	}
	if a.Example != nil {
		if text, ok := a.Example.(string); ok {
			add("Example: %q", text)
		} else if text, err := json.Marshal(a.Example); err == nil {
			add("Example: json.RawMessage(%q)", text)
		}
	}
	switch {
	case f.IsEnum():
	case f.Validators > 0:
		add("Check: rest.Check(&%s.%s)", pkg, f.Validator())
	case f.Type.Validator():
		add("Check: rest.Validate")
	}
	if e := rf.policed(); e != nil {
		id := e.Type.ID.Type
		add("Visible: rest.Visible(func(ctx context.Context, ids ...%[1]s) ([]%[1]s, error) { return ent.FromContext(ctx).%[2]s.Query().Where(%[3]s.IDIn(ids...)).IDs(ctx) })",
			id, e.Type.Name, e.Type.Package())
	}
	rf.Row = strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
}

// policed is the edge of a foreign key that clients write, if a policy or interceptors can
// hide what it leads to: the database would accept that.
func (rf *resourceField) policed() *gen.Edge {
	if !rf.field.IsEdgeField() || !rf.Creatable && !rf.Patchable {
		return nil
	}
	e, err := rf.field.Edge()
	if err != nil || e.Type.NumPolicy()+e.Type.NumInterceptors() == 0 {
		return nil
	}
	return e
}

func (rf *resourceField) refersToPolicy() bool {
	e := rf.policed()
	return e != nil && e.Type.NumPolicy() > 0
}

// String is the part of a field's row that says its bounds.
func (b bounds) String() string {
	var parts []string
	if b.Min != nil {
		parts = append(parts, fmt.Sprintf("Min: new(float64(%v))", *b.Min))
	}
	if b.Max != nil {
		parts = append(parts, fmt.Sprintf("Max: new(float64(%v))", *b.Max))
	}
	if b.MinLength > 0 {
		parts = append(parts, fmt.Sprintf("MinLength: %d", b.MinLength))
	}
	if b.MaxLength > 0 {
		parts = append(parts, fmt.Sprintf("MaxLength: %d", b.MaxLength))
	}
	return strings.Join(parts, ", ")
}

func bits(t field.Type) int {
	switch t {
	case field.TypeInt8, field.TypeUint8:
		return 8
	case field.TypeInt16, field.TypeUint16:
		return 16
	case field.TypeInt32, field.TypeUint32, field.TypeFloat32:
		return 32
	default:
		return 64
	}
}
