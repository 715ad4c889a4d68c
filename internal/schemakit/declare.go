package schemakit

import (
	"slices"

	"entgo.io/ent/schema"
)

// Object is what an entity needs from the database beside its table: a function
// with its trigger, a policy, a view, an extension. It is planned, replayed and
// compared like a table. What no comparison sees, as a privilege or a comment, is
// planned together with something else or not at all. A view of Ent's whose schema
// has entsql.View or entsql.ViewFor is declared by that.
type Object struct {
	// Name is what plans call it, unique among the objects of the project.
	Name string `json:"name"`
	// Up makes it and Down takes it away, each in one statement or several, with
	// names that have no schema.
	//
	// In all three {{table}} is the entity's table, for the objects of a mixin.
	Up   string `json:"up"`
	Down string `json:"down"`
	// First says that tables need it: it is made before them, as an extension
	// that has a column's type must be.
	First bool `json:"first,omitempty"`
}

// Objects is the annotation that [Declare] makes.
type Objects struct {
	Objects []Object `json:"objects"`
}

// Declare puts objects beside an entity. Those of all entities are made in the
// order of the entities' names and, within one, in the order in which they are
// declared, those of its mixins first. What several entities declare alike, as by a
// mixin, is made once.
func Declare(objects ...Object) schema.Annotation { return Objects{Objects: objects} }

// Name implements [schema.Annotation].
func (Objects) Name() string { return "Objects" }

// Merge adds the objects of a further annotation.
func (o Objects) Merge(other schema.Annotation) schema.Annotation {
	if more, ok := other.(Objects); ok {
		o.Objects = append(slices.Clip(o.Objects), more.Objects...)
	}
	return o
}

// Rename is a table, or a column when Column isn't empty, that used to have
// another name. Table and Column are the names in the database now.
type Rename struct{ Table, Column, From string }

// Renamed is the annotation that [RenamedFrom] makes.
type Renamed struct {
	From string `json:"from"`
}

// RenamedFrom says, on a field or on an edge that is a column, which column it was
// before, and on an entity or on an edge that is a table, many to many, which
// table, in the database's words: the next plan renames it instead of
// dropping the one and adding the other. Where the rename is done it does
// nothing, so it can stay or go.
func RenamedFrom(old string) schema.Annotation { return Renamed{From: old} }

// Name implements [schema.Annotation].
func (Renamed) Name() string { return "Renamed" }
