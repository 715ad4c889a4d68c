package schemakit

import (
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/schema"
)

// Object is a database object that an entity needs beside its table: a function with
// its trigger, a policy, a view, an extension. It is planned, replayed and compared
// like a table. What the comparison doesn't see, such as a privilege, is planned once,
// if it is an object by itself; as a part of another object, it is planned only together
// with a change of that. A view of Ent's whose
// schema has entsql.View or entsql.ViewFor is declared by these.
type Object struct {
	// Name identifies the object in plans. It is unique in the project.
	Name string `json:"name"`
	// Up creates the object and Down drops it, each in one or several statements,
	// without schema names.
	//
	// In all three, {{table}} is the entity's table, for the objects of a mixin.
	Up   string `json:"up"`
	Down string `json:"down"`
	// First creates the object before the tables, because they need it, such as an
	// extension with the type of a column.
	First bool `json:"first,omitempty"`
}

// Objects is the annotation that [Declare] returns.
type Objects struct {
	Objects []Object `json:"objects"`
}

// Role declares a role that a policy or a privilege names. Roles belong to the server,
// not to a database: it is created unless it exists, and never dropped.
func Role(name string) Object {
	return Object{Name: "role " + name, First: true, Up: fmt.Sprintf(`DO $$ BEGIN
  CREATE ROLE %s;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- it exists
END $$;`, `"`+strings.ReplaceAll(name, `"`, `""`)+`"`)}
}

// Declare adds objects to an entity. The objects of all entities are created in the
// order of the entities' names and, within one, in the order of declaration, those of
// its mixins first, as far as they don't need others of them. Objects that several entities declare identically, such as through
// a mixin, are created once.
func Declare(objects ...Object) schema.Annotation { return Objects{Objects: objects} }

// Name implements [schema.Annotation].
func (Objects) Name() string { return "Objects" }

// Merge adds the objects of another annotation.
func (o Objects) Merge(other schema.Annotation) schema.Annotation {
	if more, ok := other.(Objects); ok {
		o.Objects = append(slices.Clip(o.Objects), more.Objects...)
	}
	return o
}

// Rename is a table, or a column if Column isn't empty, that had another name. Table
// and Column are the current names in the database.
type Rename struct{ Table, Column, From string }

// Renamed is the annotation that [RenamedFrom] returns.
type Renamed struct {
	From string `json:"from"`
}

// RenamedFrom gives the former name in the database: on a field, or an edge that is a
// column, the former column; on an entity, or a many-to-many edge, the former table.
// The next plan then renames it instead of dropping one and adding the other. Once the
// rename is done it has no effect, so it can stay or go.
func RenamedFrom(old string) schema.Annotation { return Renamed{From: old} }

// Name implements [schema.Annotation].
func (Renamed) Name() string { return "Renamed" }
