package httpapi

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/go-chi/chi/v5"

	"commitment/internal/identity"
	"commitment/internal/problem"
	"commitment/internal/rest"
)

// Exposure is what clients may do with each resource of the service, in lines for a
// golden file.
func Exposure(t *testing.T) string {
	t.Helper()
	a := newAPI(chi.NewRouter(), Options{}, &problem.Writer{}, demands{})
	routes(a)
	tables := map[string]*rest.Table{}
	var paths []string
	for _, op := range operations(a.huma.OpenAPI()) {
		if t, ok := op.Metadata[ownTable].(*rest.Table); ok && tables[t.Path] == nil {
			tables[t.Path] = t
			paths = append(paths, t.Path)
		}
	}
	slices.Sort(paths)
	var text strings.Builder
	for _, path := range paths {
		expose(&text, tables[path])
	}
	return regexp.MustCompile(` +\n`).ReplaceAllString(text.String(), "\n")
}

// Demands are what the service's routes ask of the senders of requests.
func Demands() map[string]identity.Demand {
	a := newAPI(chi.NewRouter(), Options{}, &problem.Writer{}, demands{})
	routes(a)
	a.connect()
	return a.demands
}

var operationNames = []struct {
	operation rest.Operation
	name      string
}{
	{rest.List, "list"},
	{rest.Read, "read"},
	{rest.Create, "create"},
	{rest.Update, "update"},
	{rest.Patch, "patch"},
	{rest.Delete, "delete"},
	{rest.BatchCreate, "batchCreate"},
	{rest.BatchPatch, "batchPatch"},
	{rest.BatchDelete, "batchDelete"},
	{rest.Undelete, "undelete"},
}

// expose writes the lines of a resource: its operations, and a line for each member.
func expose(text *strings.Builder, t *rest.Table) {
	var names []string
	for _, o := range operationNames {
		if t.Operations.Has(o.operation) {
			names = append(names, o.name)
		}
	}
	fmt.Fprintf(text, "%s: %s; sort %s, limit %d\n", t.Path, strings.Join(names, " "), t.DefaultSort, t.MaxLimit)
	fmt.Fprintf(text, "  for readers: %v; for writers: %v\n", t.Demand(rest.Read), t.Demand(rest.Update))
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', tabwriter.StripEscape)
	for i := range t.Fields {
		f := &t.Fields[i]
		index := f.Index
		if index == "" && (f.Filter != 0 || f.Is(rest.Sortable)) {
			index = "unindexed"
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", f.Name, access(t, f), lookups(f), index)
	}
	for _, e := range t.Edges {
		fmt.Fprintf(table, "  %s\t%s\tto %s\t\n", e.Name, strings.Join(edge(&e), " "), e.To)
	}
	_ = table.Flush()
	text.WriteString("\n")
}

// edge is what clients do with an edge.
func edge(e *rest.Edge) []string {
	var all []string
	if e.Expand > 0 {
		all = append(all, fmt.Sprintf("expand:%d", e.Expand))
	}
	if e.Nested {
		all = append(all, "list")
	}
	if e.Linked {
		all = append(all, "link")
	}
	return all
}

// access is what clients do with a field by the operations that there are.
func access(t *rest.Table, f *rest.Field) string {
	creates, patches := t.Operations.Has(rest.Create|rest.Update|rest.BatchCreate), t.Operations.Has(rest.Update|rest.Patch|rest.BatchPatch)
	var all []string
	for _, a := range []struct {
		has  bool
		name string
	}{
		{f.Is(rest.Readable), "read"},
		{creates && f.Is(rest.Creatable|rest.Required), "create!"},
		{creates && f.Is(rest.Creatable) && !f.Is(rest.Required), "create"},
		{patches && f.Is(rest.Patchable), "patch"},
		{f.Is(rest.Nullable), "null"},
	} {
		if a.has {
			all = append(all, a.name)
		}
	}
	return strings.Join(all, " ")
}

// lookups are the filters and the order by a field.
func lookups(f *rest.Field) string {
	var all []string
	for _, operator := range f.Operators() {
		if operator == "" {
			operator = "eq"
		}
		all = append(all, operator)
	}
	if f.Is(rest.Sortable) {
		all = append(all, "sort")
	}
	return strings.Join(all, " ")
}
