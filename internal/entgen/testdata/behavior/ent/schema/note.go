package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"commitment/internal/schemakit"
)

// Note has a hook that does nothing and needs no generated code.
type Note struct{ ent.Schema }

// Mixin of a note.
func (Note) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }

// Fields of a note.
func (Note) Fields() []ent.Field { return []ent.Field{field.String("text").Default("empty")} }

// Hooks of a note.
func (Note) Hooks() []ent.Hook {
	return []ent.Hook{func(next ent.Mutator) ent.Mutator { return next }}
}
