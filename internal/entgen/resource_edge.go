package main

import (
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/entc/gen"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// resourceEdge is what the template needs to know of an edge.
type resourceEdge struct {
	edge       *gen.Edge
	annotation rest.Edge

	Name, Struct, Row   string
	Expand              bool
	Linked              bool
	Add, Remove, ToType string // of an edge that is linked: the mutation's methods, and the id
}

// resourceEdge describes an edge; nil when clients have nothing to do with it.
func (s *schemas) resourceEdge(r *resource, e *gen.Edge) (*resourceEdge, error) {
	re := &resourceEdge{edge: e, Name: e.Name, Struct: e.StructField()}
	if exposed, err := annotation(e.Annotations, re.annotation.Name(), &re.annotation); err != nil || !exposed {
		return nil, err
	}
	if why := re.impossible(); why != "" {
		return nil, s.errorAtEdge(r.typ, e, why)
	}
	re.Expand = re.annotation.Expandable > 0
	re.Linked = re.annotation.Nested && e.M2M() && updates(r) && (through(e) == nil || isLink(e.Through))
	if re.Linked {
		re.link(r)
	}
	re.row(r.typ.Package())
	return re, nil
}

// idKinds are the kinds of ids that edges are read by.
var idKinds = []string{"UUID", "String", "Int"}

// maxExpandable bounds the entities that an edge to many puts inside of each.
const maxExpandable = 100

// impossible says why clients can't have the edge, or "".
func (re *resourceEdge) impossible() string {
	e, a := re.edge, re.annotation
	var to rest.Entity
	exposed, _ := annotation(e.Type.Annotations, to.Name(), &to)
	if !exposed {
		return fmt.Sprintf("leads to %s, which is no rest.Resource()", e.Type.Name)
	}
	if len(to.Operations) > 0 && !slices.Contains(to.Operations, rest.Read) {
		return fmt.Sprintf("leads to %s, which has no rest.Read", e.Type.Name)
	}
	if !e.Type.HasOneFieldID() || !slices.Contains(idKinds, kind(e.Type.ID)) {
		return fmt.Sprintf("leads to %s, whose id is no UUID, text or integer", e.Type.Name)
	}
	if e.Unique {
		switch {
		case a.Nested:
			return "is Nested, and leads to one"
		case a.Expandable != 1:
			return fmt.Sprintf("is Expandable(%d), and leads to one: expected Expandable(1)", a.Expandable)
		}
		return ""
	}
	switch {
	case a.Expandable < 0 || a.Expandable > maxExpandable:
		return fmt.Sprintf("is Expandable(%d), and leads to many: expected 1 to %d", a.Expandable, maxExpandable)
	case !a.Nested:
		return "is Expandable, and not Nested: clients could not read beyond the first ones"
	}
	if pairs := through(e); pairs != nil && pairs.NumPolicy()+pairs.NumInterceptors() > 0 {
		return fmt.Sprintf("goes through %s, whose policy or interceptors would not hold: make that a rest.Resource()", pairs.Name)
	}
	return re.unindexed()
}

// unindexed says that listing the edge would read a table, or "".
func (re *resourceEdge) unindexed() string {
	var accepted rest.Field
	if _, err := annotation(re.edge.Annotations, accepted.Name(), &accepted); err != nil || accepted.Unindexed {
		return ""
	}
	table, column := re.edge.Type, re.edge.Rel.Column()
	if re.edge.M2M() {
		column = re.from()
		table = through(re.edge)
		if column == re.edge.Rel.Columns[0] && (table == nil || table.HasCompositeID()) {
			return "" // the primary key begins with it
		}
	}
	if table != nil && begins(table, column) {
		return ""
	}
	return fmt.Sprintf("is Nested, and no B-tree index of %s begins with %s: add one, or rest.Unindexed()", re.edge.Rel.Table, column)
}

// begins reports whether an index begins with a column.
func begins(n *gen.Type, column string) bool {
	return slices.ContainsFunc(n.Indexes, func(idx *gen.Index) bool {
		a := indexAnnotation(idx)
		return leading(n, idx) == column && a.Where == "" && (a.Type == "" || strings.EqualFold(a.Type, "btree"))
	})
}

// impliedEdges are those that Ent adds to the pairs of an edge: it copies the edge's
// annotations, which say nothing of them.
func impliedEdges(g *gen.Graph, n *gen.Type) map[string]bool {
	names := map[string]bool{}
	for _, schema := range g.Schemas {
		if schema.Name != n.Name {
			continue
		}
		for _, e := range schema.Edges {
			for ; e != nil; e = e.Ref {
				if e.Through != nil {
					names[e.Through.N] = true
				}
			}
		}
	}
	return names
}

// through is the schema of the pairs of an edge of many to many, if there is one.
func through(e *gen.Edge) *gen.Type {
	if e.Through == nil && e.Ref != nil {
		return e.Ref.Through
	}
	return e.Through
}

// updates reports whether clients update the entity, which linking is.
func updates(r *resource) bool {
	given := r.annotation.Operations
	return len(given) == 0 || slices.Contains(given, rest.Update) || slices.Contains(given, rest.Patch)
}

// from is the column of the entity in the table of pairs.
func (re *resourceEdge) from() string { return re.edge.Rel.Columns[re.side()] }

func (re *resourceEdge) side() int {
	if re.edge.IsInverse() {
		return 1
	}
	return 0
}

// isLink reports whether a schema of pairs, which those of tenants need, is nothing but
// the two and their tenant: then clients link them as where there is no schema.
func isLink(pairs *gen.Type) bool {
	exposed := pairs != nil && pairs.Annotations[rest.Entity{}.Name()] != nil
	return pairs != nil && isTenants(pairs) && !exposed && pairs.NumHooks() == 1 && !slices.ContainsFunc(pairs.Fields, func(f *gen.Field) bool {
		return !f.Optional && !f.Default && !f.IsEdgeField() && f.Name != schemakit.TenantColumn
	})
}

func (re *resourceEdge) link(r *resource) {
	re.Add, re.Remove, re.ToType = re.edge.MutationAdd(), re.edge.MutationRemove(), r.parsedID(re.edge.Type.ID)
}

// parsedID is an id that package rest has parsed, in its Go type.
func (r *resource) parsedID(id *gen.Field) string {
	typ := id.Type.String()
	parsed := map[string]string{"UUID": "uuid.UUID", "String": "string", "Int": "int64"}[kind(id)]
	if id.Type.Type.Integer() && strings.HasPrefix(id.Type.Type.String(), "uint") {
		parsed = "uint64"
	}
	if parsed == "uuid.UUID" {
		r.imports["github.com/google/uuid"] = "uuid"
	}
	value := fmt.Sprintf("id.(%s)", parsed)
	if parsed != typ {
		value = fmt.Sprintf("%s(%s)", typ, value)
		if id.Type.PkgPath != "" {
			r.imports[id.Type.PkgPath] = id.Type.PkgName
		}
	}
	return value
}

// row fills in the edge's row of the table.
func (re *resourceEdge) row(pkg string) {
	e := re.edge
	row := fmt.Sprintf("Name: %q, To: %q", e.Name, e.Type.Name)
	if !e.Unique {
		row += ", Many: true"
	}
	if e.M2M() {
		row += fmt.Sprintf(", Join: &rest.Join{Table: %s.%s, From: %s.%s[%d], To: %[3]s.%[4]s[%[6]d]}",
			pkg, e.TableConstant(), pkg, e.PKConstant(), re.side(), 1-re.side())
	} else {
		row += fmt.Sprintf(", Column: %s.%s", pkg, e.ColumnConstant())
	}
	if e.OwnFK() {
		row += ", Own: true"
	}
	if re.Expand {
		row += fmt.Sprintf(", Expand: %d", re.annotation.Expandable)
	}
	if re.annotation.Nested {
		row += ", Nested: true"
	}
	if re.Linked {
		row += ", Linked: true"
	}
	re.Row = row
}

// policed reports whether a policy can deny what clients do with the entity, or with what
// so many of its edges lead to.
func policed(n *gen.Type, edges int) bool {
	return n.NumPolicy() > 0 || edges > 0 && slices.ContainsFunc(n.Edges, func(e *gen.Edge) bool {
		exposed, _ := annotation(e.Annotations, rest.Edge{}.Name(), &rest.Edge{})
		return exposed && policed(e.Type, edges-1)
	})
}

// edges fills in those that clients have something to do with.
func (s *schemas) edges(r *resource) (errs []error) {
	for _, e := range r.typ.Edges {
		if r.implied[e.Name] {
			continue
		}
		edge, err := s.resourceEdge(r, e)
		switch {
		case err != nil:
			errs = append(errs, err)
		case edge != nil:
			r.Edges = append(r.Edges, edge)
			r.Links = r.Links || edge.Linked
		}
	}
	if id := r.Fields[0]; len(r.Edges) > 0 && (id.field != r.typ.ID || !id.Readable || !slices.Contains(idKinds, id.kind)) {
		errs = append(errs, s.errorAt(r.typ, r.typ.ID, "is the id of an entity with edges: clients have to read it, as a UUID, a text or an integer"))
	}
	return errs
}

// unexposed are errors of edges that say something of clients, of an entity that has none.
func (s *schemas) unexposed(n *gen.Type) (errs []error) {
	for _, e := range n.Edges {
		if exposed, _ := annotation(e.Annotations, rest.Edge{}.Name(), &rest.Edge{}); exposed {
			errs = append(errs, s.errorAtEdge(n, e, fmt.Sprintf("is Expandable or Nested, and %s is no rest.Resource()", n.Name)))
		}
	}
	return errs
}
