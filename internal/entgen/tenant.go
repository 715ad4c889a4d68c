package main

import (
	"errors"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/entc/gen"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// isTenants reports whether the rows of an entity belong to a tenant each.
func isTenants(n *gen.Type) bool {
	_, ok := n.Annotations[schemakit.TenantOwned{}.Name()]
	return ok
}

// tenants are the tables whose rows belong to a tenant each.
func tenants(g *gen.Graph) (tables []string) {
	for _, n := range g.Nodes {
		if isTenants(n) {
			tables = append(tables, n.Table())
		}
	}
	return tables
}

// leading is the first column of an index; in an entity of tenants, where all statements
// are about one tenant, the first one after the tenant.
func leading(n *gen.Type, idx *gen.Index) string {
	if isTenants(n) && idx.Columns[0] == schemakit.TenantColumn && len(idx.Columns) > 1 {
		return idx.Columns[1]
	}
	return idx.Columns[0]
}

// checkTenants finds what would let one tenant's rows lead to another's, or tell one what
// another has.
func (s *schemas) checkTenants(g *gen.Graph) error {
	var errs []error
	for _, n := range g.Nodes {
		for _, e := range n.Edges {
			if why := tenantEdge(n, e); why != "" {
				errs = append(errs, s.errorAtEdge(n, e, why))
			}
		}
		if !isTenants(n) {
			continue
		}
		var exposed rest.Entity
		if _, err := annotation(n.Annotations, exposed.Name(), &exposed); err != nil {
			errs = append(errs, err)
		}
		if exposed.ClientID && n.HasOneFieldID() && !n.ID.IsUUID() {
			errs = append(errs, s.errorAt(n, nil,
				"has rest.ClientID(), and ids that can be guessed: one that is taken tells a tenant what another has, so make them UUIDs"))
		}
		for _, f := range n.Fields {
			if f.Unique && !ofOneTenant(n, []string{f.StorageKey()}) {
				errs = append(errs, s.errorAt(n, f, fmt.Sprintf(
					"is unique among all tenants, which tells one what another has: declare index.Fields(%q, %q).Unique() instead", schemakit.TenantColumn, f.Name)))
			}
		}
		for _, idx := range n.Indexes {
			if idx.Unique && !ofOneTenant(n, idx.Columns) {
				errs = append(errs, s.errorAt(n, nil, fmt.Sprintf(
					"has a unique index on %v among all tenants, which tells one what another has: begin it with %q", idx.Columns, schemakit.TenantColumn)))
			}
		}
	}
	return errors.Join(errs...)
}

// ofOneTenant reports whether rows with the same values in these columns are of the same
// tenant: it is among the columns, or what one of them refers to is a tenant's.
func ofOneTenant(n *gen.Type, columns []string) bool {
	return slices.Contains(columns, schemakit.TenantColumn) || slices.ContainsFunc(n.Edges, func(e *gen.Edge) bool {
		return e.OwnFK() && isTenants(e.Type) && slices.Contains(columns, e.Rel.Column())
	})
}

// tenantEdge says why an edge isn't safe between tenants, or "". Its foreign key is looked
// at where the column is.
func tenantEdge(n *gen.Type, e *gen.Edge) string {
	from, to := isTenants(n), isTenants(e.Type)
	switch {
	case e.M2M() && (from || to) && (through(e) == nil || !isTenants(through(e))):
		return "is of many to many, and the rows between have no tenant: add Through a schema with schemakit.Tenant"
	case !e.OwnFK():
		return ""
	case to && !from:
		return fmt.Sprintf("leads from rows of no tenant to a tenant's: add schemakit.Tenant to %s", n.Name)
	case from && to && e.Optional && onDelete(e) == "":
		return "would clear the tenant as well when " + e.Type.Name + " is deleted: add entsql.OnDelete(entsql.NoAction), Restrict or Cascade to the edge.To"
	}
	return ""
}

// onDelete is what the schema says of the deletion of what an edge leads to, unless the
// column is cleared.
func onDelete(e *gen.Edge) string {
	for _, side := range []*gen.Edge{e, e.Ref} {
		if side == nil {
			continue
		}
		if a := side.EntSQL(); a != nil && a.OnDelete != entsql.SetNull {
			return string(a.OnDelete)
		}
	}
	return ""
}
