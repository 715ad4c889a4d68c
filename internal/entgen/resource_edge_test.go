package main

import (
	"fmt"
	"strings"
)

// oddEdges has edges that clients can't have, each with what is said of it.
const oddEdges = `package schema

import (
	"context"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"commitment/internal/schemakit/rest"
)

type Joint struct{ ent.Schema }

func (Joint) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource()} }
func (Joint) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("nowhere", Bare.Type).Annotations(rest.Nested(), rest.Unindexed()), // Joint.nowhere leads to Bare, which is no rest.Resource()
		edge.To("unread", Unread.Type).Unique().Annotations(rest.Expandable(1)), // Joint.unread leads to Unread, which has no rest.Read
		edge.To("one", Part.Type).Unique().Annotations(rest.Nested()), // Joint.one is Nested, and leads to one
		edge.To("two", Part.Type).Unique().Annotations(rest.Expandable(2)), // Joint.two is Expandable(2), and leads to one: expected Expandable(1)
		edge.To("cut", Part.Type).Annotations(rest.Expandable(5), rest.Unindexed()), // Joint.cut is Expandable, and not Nested
		edge.To("huge", Part.Type).Annotations(rest.Expandable(1000), rest.Nested()), // Joint.huge is Expandable(1000), and leads to many: expected 1 to 100
		edge.To("slow", Part.Type).Annotations(rest.Nested()), // Joint.slow is Nested, and no B-tree index of parts begins with joint_slow: add one, or rest.Unindexed()
		edge.To("accepted", Part.Type).Annotations(rest.Nested(), rest.Unindexed()),
		edge.To("indexed", Part.Type).Annotations(rest.Nested(), rest.Expandable(5)),
		edge.To("paired", Part.Type).Through("pairs", Pair.Type).Annotations(rest.Nested()), // Joint.paired goes through Pair, whose policy or interceptors would not hold
		edge.To("joined", Part.Type).Annotations(rest.Nested()),
	}
}

type Part struct{ ent.Schema }

func (Part) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource()} }
func (Part) Indexes() []ent.Index { return []ent.Index{index.Edges("in")} }
func (Part) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("in", Joint.Type).Ref("indexed").Unique().Annotations(rest.Expandable(1)),
		edge.From("pairing", Joint.Type).Ref("paired").Through("pairs", Pair.Type),
		edge.From("backwards", Joint.Type).Ref("joined").Annotations(rest.Nested()), // Part.backwards is Nested, and no B-tree index of joint_joined begins with part_id
	}
}

type Bare struct{ ent.Schema }

func (Bare) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("parts", Part.Type).Annotations(rest.Nested()), // Bare.parts is Expandable or Nested, and Bare is no rest.Resource()
	}
}

type Unread struct{ ent.Schema }

func (Unread) Annotations() []schema.Annotation { return []schema.Annotation{rest.Resource(rest.Operations(rest.List))} }

type Pair struct{ ent.Schema }

func (Pair) Fields() []ent.Field { return []ent.Field{field.Int("joint_id"), field.Int("part_id")} }
func (Pair) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("joint", Joint.Type).Field("joint_id").Unique().Required(),
		edge.To("part", Part.Type).Field("part_id").Unique().Required(),
	}
}
func (Pair) Policy() ent.Policy { return policy{} }

type policy struct{}

func (policy) EvalMutation(context.Context, ent.Mutation) error { return nil }
func (policy) EvalQuery(context.Context, ent.Query) error { return nil }
`

// wrongEdges are the errors that generating has of oddEdges.
func wrongEdges() []string {
	var wants []string
	line := 0
	for text := range strings.Lines(oddEdges) {
		line++
		if _, want, ok := strings.Cut(text, " // "); ok {
			wants = append(wants, fmt.Sprintf("ent/schema/odd_edges.go:%d:3: %s", line, strings.TrimSpace(want)))
		}
	}
	return wants
}
