package compat

import (
	"slices"

	"entgo.io/ent/schema/field"

	"commitment/internal/migration/catalog"
)

// Entities are what one release's generated code reads and writes, by name.
type Entities []Entity

// Entity is an entity, or the join table of an edge that is many to many.
type Entity struct {
	// Name is the Go type's, as in "Product"; a join table's is that of its
	// edge, as in "User.groups".
	Name  string
	Table string
	// Columns are in the order in which Ent selects them.
	Columns []Column
	// Arbiters are what upserts may name in ON CONFLICT; none where the project
	// doesn't upsert.
	Arbiters []Arbiter
	// View says that the code only reads.
	View bool
}

// Column is a column with what generated code does to it.
type Column struct {
	Name string
	Type field.Type
	// Declared is the PostgreSQL type that the schema asks for; empty for Ent's
	// own choice.
	Declared string
	// Size is the longest value that the code lets through, in characters or, by
	// MaxLen, in bytes; 0 without a bound.
	Size int64
	// Enums are the values that the code writes, and no others.
	Enums []string
	// Required says that every INSERT has it, and Generated that none has.
	Required, Generated bool
	// Nullable says that the code may write NULL, and Immutable that it writes
	// once.
	Nullable, Immutable bool
	// Custom says that the value's Go type is the project's own, and nothing is
	// known of its form.
	Custom bool
}

// Arbiter is a unique index as ON CONFLICT names it.
type Arbiter struct {
	Columns []string
	Where   string // the predicate of a partial index
}

// Touched returns the entities for which changes of the schema may matter: those
// whose tables changed, and all of them when a type or a function did.
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
