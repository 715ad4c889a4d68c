package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"commitment/internal/rest"
	"commitment/internal/schemakit"
)

// connect makes the edges of all resources that are mounted lead to one another, and adds
// their operations.
func (a *api) connect() {
	resources := map[string]*rest.Erased{}
	for name, m := range a.resources {
		resources[name] = m.resource
	}
	if err := rest.Connect(resources); err != nil {
		panic("httpapi: " + err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(a.resources)) {
		a.resources[name].mountEdges()
	}
}

// mountEdges adds the lists of what edges lead to, and what links there.
func (m *mounted) mountEdges() {
	for i := range m.table.Edges {
		e := &m.table.Edges[i]
		if !e.Nested && !e.Linked {
			continue
		}
		readers := e.Target().Table.Demand(rest.Read)
		if e.Nested {
			m.api = m.api.allow(m.table.Demand(rest.Read).And(readers))
			register(m.api, m.nestedListing(e), m.nestedList(e))
		}
		if e.Linked {
			m.api = m.api.allow(m.table.Demand(rest.Update).And(readers))
			register(m.api, m.linking(e, http.MethodPut, "link", "Link"), m.link(e, true))
			register(m.api, m.linking(e, http.MethodDelete, "unlink", "Unlink"), m.link(e, false))
		}
	}
}

func (m *mounted) nestedList(edge *rest.Edge) func(context.Context, *resourceRequest) (*resourceResponse, error) {
	return func(ctx context.Context, in *resourceRequest) (*resourceResponse, error) {
		id, err := m.table.ParseID(in.param("id"))
		if err != nil {
			return nil, err
		}
		q, err := m.table.ParseNested(edge, id, in.query)
		if err != nil {
			return nil, err
		}
		if err := boundList(ctx); err != nil {
			return nil, err
		}
		if _, err := m.resource.Get(ctx, id, false); err != nil {
			return nil, err
		}
		page, err := edge.Target().List(ctx, q)
		return &resourceResponse{Status: http.StatusOK, Body: rest.Body{Value: page}}, err
	}
}

// link links two entities, which the client sees, or unlinks them. The first is updated by
// it, so it is locked, and its preconditions hold.
func (m *mounted) link(edge *rest.Edge, linked bool) func(context.Context, *resourceRequest) (*resourceResponse, error) {
	return func(ctx context.Context, in *resourceRequest) (*resourceResponse, error) {
		e, err := m.entity(ctx, in, rest.ForChange)
		if err != nil {
			return nil, err
		}
		return &resourceResponse{Status: http.StatusNoContent}, m.resource.Connect(ctx, e, edge, in.param(edge.Parameter()), linked)
	}
}

func (m *mounted) edgePath(e *rest.Edge) string { return m.path() + "/{id}/" + e.Path() }

func (m *mounted) nestedListing(e *rest.Edge) *huma.Operation {
	target := e.Target().Table
	text := fmt.Sprintf("List the %s of %s. The parameters are those of the list of all %s.", words(e.Name), schemakit.WithArticle(m.table.Singular), target.Plural)
	op := m.operation("GET "+m.edgePath(e), "list"+m.table.Name+camel(words(e.Name)), text, http.StatusOK, schemaRef(target.Name+"Page"))
	delete(op.Responses["200"].Headers, "ETag")
	op.SkipValidateParams = true // ParseNested does
	pages(op)
	op.Parameters = append(op.Parameters, describer{api: m.api, table: target}.parameters()...)
	return op
}

func (m *mounted) linking(e *rest.Edge, method, id, verb string) *huma.Operation {
	target := e.Target().Table
	text := fmt.Sprintf("%s %s and one of its %s. If that is so already, nothing changes.", verb, schemakit.WithArticle(m.table.Singular), words(e.Name))
	op := m.operation(method+" "+m.edgePath(e)+"/{"+e.Parameter()+"}", id+m.table.Name+camel(words(e.Name)), text, http.StatusNoContent, nil)
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: e.Parameter(), In: "path", Required: true, Schema: describer{api: m.api, table: target}.kind(target.ID()), Description: "The id of " + schemakit.WithArticle(target.Singular) + ".",
	})
	return m.conditional(op, "If-Match", "If-None-Match")
}

// words are the words of a name.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// edge is the schema of what an edge leads to, where it is expanded.
func (d describer) edge(e *rest.Edge) *huma.Schema {
	if e.Many {
		return schemaRef(e.To + "Page")
	}
	return &huma.Schema{OneOf: []*huma.Schema{schemaRef(e.To), {Type: "null"}}, Description: "Present if `expand` has " + e.Name + ". Null if there is none."}
}

// expandable are the edges that clients expand.
func expandable(t *rest.Table) (names []string) {
	for _, e := range t.Edges {
		if e.Expand > 0 {
			names = append(names, e.Name)
		}
	}
	return names
}

// expandParameters are that of expand, if there is something to expand.
func expandParameters(t *rest.Table) []*huma.Param {
	names := expandable(t)
	if len(names) == 0 {
		return nil
	}
	explode := false // with commas
	return []*huma.Param{{
		Name: "expand", In: "query", Explode: &explode, Schema: &huma.Schema{Type: "array", Items: &huma.Schema{Type: "string"}, MaxItems: new(8)},
		Description: "The edges to include in each item, separated by commas: " + strings.Join(names, ", ") + ". A dot leads on to an edge of the included item, as in a.b.",
	}}
}
