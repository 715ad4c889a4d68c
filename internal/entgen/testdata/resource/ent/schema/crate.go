package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Kept is of a tenant, whom the database keeps from others. Its name is unique there.
type Kept struct{ schemakit.Tenant }

// Fields of what is kept.
func (k Kept) Fields() []ent.Field {
	return append(k.Tenant.Fields(), field.String("name").NotEmpty().MaxRuneLen(100).Annotations(rest.Example("Fragile")))
}

// Indexes of what is kept.
func (k Kept) Indexes() []ent.Index {
	return append(k.Tenant.Indexes(), index.Fields("tenant_id", "name").Unique())
}

// Crate is on a shelf, and has stickers.
type Crate struct{ ent.Schema }

// Mixin of a crate.
func (Crate) Mixin() []ent.Mixin {
	return []ent.Mixin{Kept{}, schemakit.ID{}, schemakit.Version{}, SoftDelete{}}
}

// Fields of a crate.
func (Crate) Fields() []ent.Field { return []ent.Field{field.UUID("shelf_id", uuid.UUID{})} }

// Edges of a crate.
func (Crate) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("stickers", Sticker.Type).Through("stickings", Sticking.Type).Annotations(rest.Expandable(5), rest.Nested()),
		edge.To("past_shelves", Shelf.Type).Through("moves", Move.Type).Annotations(rest.Nested()),
		edge.From("shelf", Shelf.Type).Ref("crates").Field("shelf_id").Unique().Required().Annotations(rest.Expandable(1)),
	}
}

// Indexes of a crate.
func (Crate) Indexes() []ent.Index { return []ent.Index{index.Fields("tenant_id", "shelf_id", "id")} }

// Annotations of a crate.
func (Crate) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.Clients(rest.Authenticated), rest.Batch(10), rest.SoftDelete("deleted_at"))}
}

// Shelf has crates. Its id is its clients' to choose.
type Shelf struct{ ent.Schema }

// Mixin of a shelf.
func (Shelf) Mixin() []ent.Mixin { return []ent.Mixin{Kept{}, schemakit.ID{}} }

// Edges of a shelf.
func (Shelf) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("crates", Crate.Type).Annotations(entsql.OnDelete(entsql.NoAction), rest.Expandable(5), rest.Nested()),
		edge.From("past_crates", Crate.Type).Ref("past_shelves").Through("moves", Move.Type),
	}
}

// Annotations of a shelf.
func (Shelf) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.Clients(rest.Authenticated), rest.ClientID(), rest.Batch(10))}
}

// Sticker is on crates.
type Sticker struct{ ent.Schema }

// Mixin of a sticker.
func (Sticker) Mixin() []ent.Mixin { return []ent.Mixin{Kept{}, schemakit.ID{}} }

// Edges of a sticker.
func (Sticker) Edges() []ent.Edge {
	return []ent.Edge{edge.From("crates", Crate.Type).Ref("stickers").Through("stickings", Sticking.Type).Annotations(rest.Nested())}
}

// Annotations of a sticker.
func (Sticker) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.Clients(rest.Authenticated))}
}

// Sticking is of a sticker on a crate: the two are linked by it.
type Sticking struct{ ent.Schema }

// Mixin of a sticking.
func (Sticking) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.Tenant{}, schemakit.ID{}, schemakit.Times{}}
}

// Fields of a sticking.
func (Sticking) Fields() []ent.Field {
	return []ent.Field{field.UUID("crate_id", uuid.UUID{}), field.UUID("sticker_id", uuid.UUID{})}
}

// Edges of a sticking.
func (Sticking) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("crate", Crate.Type).Field("crate_id").Unique().Required().Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("sticker", Sticker.Type).Field("sticker_id").Unique().Required().Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of a sticking.
func (Sticking) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "crate_id", "sticker_id"), index.Fields("tenant_id", "sticker_id", "crate_id")}
}

// Move is of a crate from a shelf, for a reason: the two aren't merely linked.
type Move struct{ ent.Schema }

// Mixin of a move.
func (Move) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.Tenant{}, schemakit.ID{}} }

// Fields of a move.
func (Move) Fields() []ent.Field {
	return []ent.Field{field.UUID("crate_id", uuid.UUID{}), field.UUID("shelf_id", uuid.UUID{}), field.String("reason")}
}

// Edges of a move.
func (Move) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("crate", Crate.Type).Field("crate_id").Unique().Required().Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("shelf", Shelf.Type).Field("shelf_id").Unique().Required().Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of a move.
func (Move) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "crate_id", "shelf_id")}
}
