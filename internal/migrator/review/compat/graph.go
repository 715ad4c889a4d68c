package compat

import (
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"
)

// entitiesOf describes for each node what the code that Ent generates for it does.
func entitiesOf(graph *gen.Graph) Entities {
	var es Entities
	for _, n := range graph.Nodes {
		es = append(es, entityOf(n))
		for _, e := range n.Edges {
			if isJoinTable(e) {
				es = append(es, joinOf(n, e))
			}
		}
	}
	slices.SortFunc(es, func(a, b Entity) int { return strings.Compare(a.Name, b.Name) })
	return es
}

func entityOf(n *gen.Type) Entity {
	e := Entity{Name: n.Name, Table: n.Table(), View: n.IsView()}
	if n.HasOneFieldID() {
		e.Columns = append(e.Columns, idOf(n.ID))
		e.Arbiters = append(e.Arbiters, Arbiter{Columns: []string{n.ID.StorageKey()}})
	}
	for _, f := range n.Fields {
		c := columnOf(f)
		e.Columns = append(e.Columns, c)
		if f.Unique {
			e.Arbiters = append(e.Arbiters, Arbiter{Columns: []string{c.Name}})
		}
	}
	for _, fk := range n.UnexportedForeignKeys() {
		c := foreignKeyOf(fk)
		e.Columns = append(e.Columns, c)
		if fk.Edge.O2O() {
			e.Arbiters = append(e.Arbiters, Arbiter{Columns: []string{c.Name}})
		}
	}
	if n.HasCompositeID() {
		e.Arbiters = append(e.Arbiters, compositeOf(n))
	}
	for _, i := range n.Indexes {
		if i.Unique {
			e.Arbiters = append(e.Arbiters, Arbiter{Columns: i.Columns, Where: predicate(i)})
		}
	}
	return e
}

// idOf is the primary key. PostgreSQL numbers it unless the schema declares it.
func idOf(f *gen.Field) Column {
	c := columnOf(f)
	c.Immutable, c.Nullable = true, false
	c.Required = f.UserDefined && (f.Default || !f.Type.Type.Integer())
	c.Generated = !f.UserDefined
	return c
}

func columnOf(f *gen.Field) Column {
	c := f.Column()
	return Column{
		Name: c.Name, Type: c.Type, Declared: c.SchemaType[dialect.Postgres], Size: c.Size, Enums: append([]string(nil), c.Enums...),
		Required: !f.Optional || f.Default, Nullable: f.Optional, Immutable: f.Immutable,
		Custom: custom(f),
	}
}

// custom reports whether a method of the project's own type converts a field's value
// for the database. JSON is marshaled by Ent itself.
func custom(f *gen.Field) bool {
	if t := f.Type.Type; t == field.TypeUUID || t == field.TypeJSON {
		return f.HasValueScanner()
	}
	return f.Type.Type == field.TypeOther || f.HasValueScanner() || f.Type.ValueScanner()
}

// foreignKeyOf is the column of an edge without a field of its own.
func foreignKeyOf(fk *gen.ForeignKey) Column {
	c, edge := columnOf(fk.Field), fk.Edge
	c.Name = edge.Rel.Column()
	if !edge.OwnFK() {
		edge = edge.Ref // the side that sets the column; nil when the schema doesn't declare it
	}
	c.Required = edge != nil && !edge.Optional
	c.Nullable = !c.Required
	c.Immutable = edge != nil && edge.Immutable
	return c
}

func compositeOf(n *gen.Type) Arbiter {
	var a Arbiter
	for _, f := range n.EdgeSchema.ID {
		a.Columns = append(a.Columns, f.StorageKey())
	}
	return a
}

// predicate is the WHERE of a partial index, from the annotation as decoded from JSON.
func predicate(i *gen.Index) string {
	annotation, ok := i.Annotations["EntSQLIndexes"].(map[string]any)
	if !ok {
		return ""
	}
	where, _ := annotation["Where"].(string) // absent: the index isn't partial
	return where
}

// isJoinTable reports whether an edge has a join table that no schema declares.
func isJoinTable(e *gen.Edge) bool {
	return e.M2M() && !e.IsInverse() && e.Through == nil && (e.Ref == nil || e.Ref.Through == nil)
}

func joinOf(n *gen.Type, e *gen.Edge) Entity {
	join := Entity{Name: n.Name + "." + e.Name, Table: e.Rel.Table}
	for i, id := range []*gen.Field{n.ID, e.Type.ID} {
		c := columnOf(id)
		c.Name, c.Required, c.Immutable, c.Nullable = e.Rel.Columns[i], true, true, false
		join.Columns = append(join.Columns, c)
	}
	return join
}
