package compat

import (
	"slices"

	"entgo.io/ent/schema/field"

	"commitment/internal/migration/catalog"
)

// Entities are what one release's generated code reads and writes, by name.
type Entities []Entity

// Entity is an entity, or the join table of a many-to-many edge.
type Entity struct {
	// Name is the Go type, such as "Product"; for a join table it is the edge, such as
	// "User.groups".
	Name  string
	Table string
	// Columns are in the order in which Ent selects them.
	Columns []Column
	// Arbiters are what upserts may name in ON CONFLICT; none if the project doesn't
	// upsert.
	Arbiters []Arbiter
	// View says that the code only reads it.
	View bool
}

// Column is a column with what generated code does to it.
type Column struct {
	Name string
	Type field.Type
	// Declared is the PostgreSQL type in the schema; empty if Ent chooses it.
	Declared string
	// Size is the longest value that the code accepts, in characters or, for MaxLen, in
	// bytes; 0 without a limit.
	Size int64
	// Enums are the only values that the code writes.
	Enums []string
	// Required says that every INSERT has the column, and Generated that none has.
	Required, Generated bool
	// Nullable says that the code may write NULL, and Immutable that it writes only
	// once.
	Nullable, Immutable bool
	// Custom says that the value's Go type is the project's own, so that its form isn't
	// known.
	Custom bool
}

// Arbiter is a unique index as ON CONFLICT names it.
type Arbiter struct {
	Columns []string
	Where   string // the predicate of a partial index
}

// Touched returns the entities that changes of the schema may affect: those whose
// tables changed, or all of them if a type or function changed.
func (es Entities) Touched(changes []catalog.Change) Entities {
	tables := map[string]bool{}
	for _, c := range changes {
		switch {
		case c.Table != "":
			tables[c.Table] = true
		case c.Kind == catalog.KindTable, c.Kind == catalog.KindView, c.Kind == catalog.KindMaterializedView:
			tables[c.Name] = true
		default:
			return es
		}
	}
	return slices.DeleteFunc(slices.Clone(es), func(e Entity) bool { return !tables[e.Table] })
}
