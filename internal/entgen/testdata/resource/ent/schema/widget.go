package schema

import (
	"regexp"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"commitment/internal/money"
	"commitment/internal/schemakit"
	"commitment/internal/schemakit/rest"
)

// Widget has every kind of field and edge.
type Widget struct{ ent.Schema }

// Mixin of a widget.
func (Widget) Mixin() []ent.Mixin {
	return []ent.Mixin{schemakit.ID{}, schemakit.Times{}, schemakit.Version{}}
}

// Fields of a widget.
func (Widget) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(100).Comment("what it is called").Annotations(rest.Example("sprocket")),
		field.String("code").Match(regexp.MustCompile(`^[A-Z]{2}[0-9]{1,6}$`)).Immutable().Unique(),
		field.Enum("status").Values("draft", "open", "closed").Default("draft").Annotations(rest.Writable()),
		field.String("note").Optional().Nillable().Annotations(rest.Contains(), rest.Unindexed()),
		field.Int("priority").Optional().Nillable().Range(-10, 10),
		field.Time("due_at").Optional().Nillable(),
		field.Bool("active").Default(true).Annotations(rest.Writable(), rest.Filterable(), rest.Unindexed()),
		field.Float("weight").Optional().Nillable().Min(0).Annotations(rest.Filterable(), rest.Sortable(), rest.Unindexed()),
		field.Other("price", money.Amount{}).SchemaType(map[string]string{dialect.Postgres: "numeric"}).
			Annotations(rest.Filterable(), rest.Sortable(), rest.Unindexed()),
		field.UUID("serial", uuid.UUID{}).Optional().Nillable(),
		field.Int16("level").Default(1).Annotations(rest.Writable()),
		field.Uint32("size").Default(0).Annotations(rest.Writable()),
		field.String("color").GoType(money.Color("")).Default("red").Annotations(rest.Writable(), rest.Example("red")),
		field.Strings("tags").Optional(),
		field.JSON("meta", map[string]any{}).Optional(),
		field.Bytes("payload").MaxLen(1000).Optional(),
		field.String("secret").Sensitive().Optional().Nillable().Annotations(rest.WriteOnly()),
		field.String("internal_note").Default("").Annotations(rest.Hidden()),
		field.UUID("maker_id", uuid.UUID{}).Optional().Nillable(),
	}
}

// Edges of a widget.
func (Widget) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("maker", Maker.Type).Ref("widgets").Field("maker_id").Unique().Annotations(rest.Expandable(1)),
	}
}

// Indexes of a widget.
func (Widget) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("name", "id"),
		index.Fields("status", "id"),
		index.Fields("priority", "id"),
		index.Fields("due_at", "id"),
		index.Fields("maker_id", "id"),
		index.Fields("created_at", "id"),
	}
}

// Annotations of a widget.
func (Widget) Annotations() []schema.Annotation {
	return []schema.Annotation{rest.Resource(rest.DefaultSort("-created_at"), rest.MaxLimit(100), rest.Batch(100))}
}
