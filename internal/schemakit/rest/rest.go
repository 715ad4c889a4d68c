// Package rest has the annotations by which a schema in ent/schema becomes a REST
// resource. An entity without [Resource] isn't exposed at all, and `go generate`
// refuses what can't be served well, as a filter without an index.
package rest

import (
	"strings"

	"entgo.io/ent/schema"
)

// Operation is what clients may do with a resource.
type Operation string

// The operations. Those on batches exist where [Batch] is given, and undeletion where
// [SoftDelete] is.
const (
	List   Operation = "list"
	Read   Operation = "read"
	Create Operation = "create"
	Update Operation = "update" // PUT: the whole
	Patch  Operation = "patch"  // PATCH: a JSON merge patch
	Delete Operation = "delete"
)

// Demand is what a request must bring. A resource that says nothing of its clients isn't
// served: the service doesn't start.
type Demand string

// The demands that name no scope.
const (
	Public        Demand = "public"        // nothing: everybody is let in
	Authenticated Demand = "authenticated" // valid credentials
)

// Scope demands credentials with a scope, such as "books:read".
func Scope(name string) Demand { return Demand(scopePrefix + name) }

const scopePrefix = "scope "

// Scope returns the scope that is demanded, or "" if none is.
func (d Demand) Scope() string {
	if scope, ok := strings.CutPrefix(string(d), scopePrefix); ok {
		return scope
	}
	return ""
}

// Entity is the annotation that [Resource] makes.
type Entity struct {
	Operations  []Operation `json:"operations,omitempty"`
	Readers     Demand      `json:"readers,omitempty"`
	Writers     Demand      `json:"writers,omitempty"`
	DefaultSort string      `json:"default_sort,omitempty"`
	MaxLimit    int         `json:"max_limit,omitempty"`
	ClientID    bool        `json:"client_id,omitempty"`
	Batch       int         `json:"batch,omitempty"`
	SoftDelete  string      `json:"soft_delete,omitempty"`
}

// Name implements [schema.Annotation].
func (Entity) Name() string { return "Resource" }

// Merge lets the schema's own annotation replace what a mixin's says.
func (e Entity) Merge(other schema.Annotation) schema.Annotation {
	o, ok := other.(Entity)
	if !ok {
		return e
	}
	if len(o.Operations) > 0 {
		e.Operations = o.Operations
	}
	if o.Readers != "" {
		e.Readers = o.Readers
	}
	if o.Writers != "" {
		e.Writers = o.Writers
	}
	if o.DefaultSort != "" {
		e.DefaultSort = o.DefaultSort
	}
	if o.MaxLimit > 0 {
		e.MaxLimit = o.MaxLimit
	}
	if o.Batch > 0 {
		e.Batch = o.Batch
	}
	if o.SoftDelete != "" {
		e.SoftDelete = o.SoftDelete
	}
	e.ClientID = e.ClientID || o.ClientID
	return e
}

// Option is a part of [Resource].
type Option func(*Entity)

// Resource exposes an entity. Without [Operations] it has all of them.
func Resource(options ...Option) schema.Annotation {
	var e Entity
	for _, o := range options {
		o(&e)
	}
	return e
}

// Operations are those that the resource has.
func Operations(operations ...Operation) Option {
	return func(e *Entity) { e.Operations = operations }
}

// Clients says who may use the resource.
func Clients(d Demand) Option { return func(e *Entity) { e.Readers, e.Writers = d, d } }

// Readers says who may list and read, and have the entities inside of others.
func Readers(d Demand) Option { return func(e *Entity) { e.Readers = d } }

// Writers says who may do the rest. They must be readers, too: they read what they write.
func Writers(d Demand) Option { return func(e *Entity) { e.Writers = d } }

// DefaultSort orders lists for which a client asks no order, as "-created_at,name".
// Defaults to "id".
func DefaultSort(keys string) Option { return func(e *Entity) { e.DefaultSort = keys } }

// MaxLimit bounds the items of a page. Defaults to 200.
func MaxLimit(n int) Option { return func(e *Entity) { e.MaxLimit = n } }

// ClientID lets clients choose the id of what they create.
func ClientID() Option { return func(e *Entity) { e.ClientID = true } }

// Batch adds operations on up to n items, each in one transaction.
func Batch(n int) Option { return func(e *Entity) { e.Batch = n } }

// SoftDelete says that the schema's hooks turn a deletion into a time in this field,
// and its interceptors hide the row: clients may undelete it then.
func SoftDelete(field string) Option { return func(e *Entity) { e.SoftDelete = field } }

// Field is the annotation that the functions for fields make.
type Field struct {
	ReadOnly   bool   `json:"read_only,omitempty"`
	WriteOnly  bool   `json:"write_only,omitempty"`
	Writable   bool   `json:"writable,omitempty"`
	Hidden     bool   `json:"hidden,omitempty"`
	Filterable bool   `json:"filterable,omitempty"`
	Sortable   bool   `json:"sortable,omitempty"`
	Contains   bool   `json:"contains,omitempty"`
	Unindexed  bool   `json:"unindexed,omitempty"`
	Pattern    string `json:"pattern,omitempty"`
	Example    any    `json:"example,omitempty"`
}

// Name implements [schema.Annotation].
func (Field) Name() string { return "ResourceField" }

// Merge adds a further annotation.
func (f Field) Merge(other schema.Annotation) schema.Annotation {
	o, ok := other.(Field)
	if !ok {
		return f
	}
	f.ReadOnly = f.ReadOnly || o.ReadOnly
	f.WriteOnly = f.WriteOnly || o.WriteOnly
	f.Writable = f.Writable || o.Writable
	f.Hidden = f.Hidden || o.Hidden
	f.Filterable = f.Filterable || o.Filterable
	f.Sortable = f.Sortable || o.Sortable
	f.Contains = f.Contains || o.Contains
	f.Unindexed = f.Unindexed || o.Unindexed
	if o.Pattern != "" {
		f.Pattern = o.Pattern
	}
	if o.Example != nil {
		f.Example = o.Example
	}
	return f
}

// ReadOnly keeps clients from setting a field.
func ReadOnly() schema.Annotation { return Field{ReadOnly: true} }

// WriteOnly lets clients set a field and not read it, also one that is Sensitive.
func WriteOnly() schema.Annotation { return Field{WriteOnly: true} }

// Writable lets clients set a field that has a default, which they can't otherwise.
func Writable() schema.Annotation { return Field{Writable: true} }

// Hidden keeps a field from clients altogether, as Sensitive does.
func Hidden() schema.Annotation { return Field{Hidden: true} }

// Filterable says that clients filter by a field. A field that is the first of an
// index is filterable without it; one that isn't needs [Unindexed], too.
func Filterable() schema.Annotation { return Field{Filterable: true} }

// Sortable says that clients sort by a field. A field that is the first of an index is
// sortable without it; one that isn't needs [Unindexed], too.
func Sortable() schema.Annotation { return Field{Sortable: true} }

// Contains adds the filter for a part of a text, which needs a trigram index (GIN with
// gin_trgm_ops) or [Unindexed].
func Contains() schema.Annotation { return Field{Contains: true} }

// Unindexed accepts that PostgreSQL reads the table for the filters and sorts of a
// field: for tables that stay small, or fields that are filtered along with others.
func Unindexed() schema.Annotation { return Field{Unindexed: true} }

// Pattern is the regular expression that a text has to match, in the syntax that Go and
// JavaScript share. It is checked like the schema's own validators.
func Pattern(expression string) schema.Annotation { return Field{Pattern: expression} }

// Example is a value for the documentation.
func Example(value any) schema.Annotation { return Field{Example: value} }

// Edge is the annotation that the functions for edges make.
type Edge struct {
	Expandable int  `json:"expandable,omitempty"`
	Nested     bool `json:"nested,omitempty"`
}

// Name implements [schema.Annotation].
func (Edge) Name() string { return "ResourceEdge" }

// Merge adds a further annotation.
func (e Edge) Merge(other schema.Annotation) schema.Annotation {
	if o, ok := other.(Edge); ok {
		e.Expandable = max(e.Expandable, o.Expandable)
		e.Nested = e.Nested || o.Nested
	}
	return e
}

// Expandable lets clients have an edge's entities inside of the entity, by
// expand=name: up to limit of each, which is 1 for an edge to one.
func Expandable(limit int) schema.Annotation { return Edge{Expandable: limit} }

// Nested gives the entities of an edge to many a list of their own below the entity:
// /v1/products/{id}/entries. Where the edge is many to many, clients link and unlink there,
// unless it goes Through a schema that has more than the pairs.
func Nested() schema.Annotation { return Edge{Nested: true} }
