// Package rest runs generated resources: it reads what a client asks of a list, turns it
// into what Ent sends, and pages through the rows. It knows nothing of HTTP, and no
// entity: those are in the tables that `go generate` writes to ent/resource.
package rest

import (
	"context"
	"reflect"
	"strings"
	"sync"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"

	"commitment/internal/fault"
	"commitment/internal/identity"
)

// Entity is a pointer to one of Ent's.
type Entity interface {
	// Value is a column that a modifier selected.
	Value(name string) (ent.Value, error)
}

// Resource is an entity as clients know it: E is Ent's, V what clients read, C what they
// create and P what they patch. All four are pointers to structs. Its only method is
// [Resource.Erase], since Go compiles each method of a generic type for each resource.
//
// Each function can be replaced before the resource is mounted. They take the client
// from their context, run in the request's transaction, and return Ent's errors or faults.
type Resource[E Entity, V, C, P any] struct {
	Table Table

	Show   func(E, V) // fills what clients read
	All    func(context.Context, func(*sql.Selector)) ([]E, error)
	Count  func(context.Context, func(*sql.Selector)) (int, error)
	Insert func(context.Context, C) (E, error)
	Update func(context.Context, E, P) (E, error)
	Delete func(context.Context, E) error
	// ByID reads an entity that isn't to be changed, as long as All isn't replaced.
	ByID Getter[E]
	// InsertAll inserts the entities of a batch at once, as long as Insert isn't replaced.
	InsertAll Inserter[E, C]
	// Undelete undoes a soft deletion, which Deleted reports. Nil where rows are deleted.
	Undelete func(context.Context, E) (E, error)
	Deleted  func(E) bool
	// Link links an entity by an edge of that name to the one of that id, or unlinks the
	// two. Nil where no edge is linked.
	Link func(ctx context.Context, e E, edge string, id any, linked bool) error
	// Version counts the changes of an entity. Nil where it has no version.
	Version func(E) int64
}

// Table describes a resource. Clients see, set, filter by and sort by what is in it and
// nothing else.
type Table struct {
	// Name is the name of its schema, as "Product". Singular and Plural are for texts,
	// and Path is its part of a path.
	Name, Singular, Plural, Path string
	// Doc is a sentence for the documentation.
	Doc        string
	Operations Operation
	// Readers are who may list and read, and Writers who may do the rest, if they are
	// readers, too.
	Readers, Writers identity.Demand
	// Fields are those that clients see or set; the first is the id.
	Fields []Field
	// Edges are those that clients expand, list or link.
	Edges []Edge
	// Constraints are those of the table that clients can break by writing, by their names.
	Constraints map[string]Constraint
	// DefaultSort is the order of lists for which the client asks none, as "-created_at".
	DefaultSort string
	// MaxLimit bounds the items of a page, and MaxBatch those of a batch; 0 is none.
	MaxLimit, MaxBatch int
	// ClientID lets clients choose ids.
	ClientID bool
	// Tenant says that the rows belong to a tenant each.
	Tenant bool
	// Policy says that a policy can deny what clients do.
	Policy bool
	// SoftDelete is the column with the time of a deletion. Empty where rows are deleted.
	SoftDelete string
}

// Operation is a set of operations.
type Operation uint16

// The operations.
const (
	List Operation = 1 << iota
	Read
	Create
	Update
	Patch
	Delete
	BatchCreate
	BatchPatch
	BatchDelete
	Undelete
)

// Demand is what the operation asks of a client.
func (t *Table) Demand(o Operation) identity.Demand {
	d := t.Readers
	if !(List | Read).Has(o) {
		d = d.And(t.Writers)
	}
	if t.Tenant {
		d = d.InTenant()
	}
	return d
}

// Has reports whether o is one of the set.
func (set Operation) Has(o Operation) bool { return set&o != 0 }

// Batches are the operations that do one of the set several times.
func (set Operation) Batches() (batches Operation) {
	for one, several := range map[Operation]Operation{Create: BatchCreate, Patch: BatchPatch, Delete: BatchDelete} {
		if set.Has(one) {
			batches |= several
		}
	}
	return batches
}

// Access is what clients may do with a field.
type Access uint8

// The kinds of access. What is filtered or sorted by is Readable.
const (
	Readable Access = 1 << iota
	// Creatable fields are set by creation, and Patchable ones changed later.
	Creatable
	Patchable
	Sortable
	// Required fields are given at creation.
	Required
	// Nullable fields can be null.
	Nullable
)

// Filter is a set of operators.
type Filter uint8

// The operators. A field that is filterable and nullable has is_null, too.
const (
	Equality Filter = 1 << iota // eq, ne, in, not_in
	Range                       // gt, gte, lt, lte
	Prefix
	Contains
)

// Field is one row of a resource's table.
type Field struct {
	// Name is its member in JSON, and Column its column.
	Name, Column string
	Kind         Kind
	Access       Access
	Filter       Filter
	// Index carries its filters and its order. Empty where there is none.
	Index string
	// Bits bounds an integer or a floating-point number; Unsigned, an integer.
	Bits     int
	Unsigned bool
	// Min and Max bound a number, MinLength and MaxLength a text in characters; a nil or
	// zero is no bound.
	Min, Max             *float64
	MinLength, MaxLength int
	Pattern              string
	Enum                 []string
	Doc                  string
	Example              any
	// Check runs the schema's validators.
	Check func(any) error
	// Visible returns those that the client sees of the entities with these ids, which the
	// field refers to. Nil where a foreign key says as much.
	Visible func(ctx context.Context, ids []any) (map[any]bool, error)
}

// Is reports whether clients have all of that access.
func (f *Field) Is(a Access) bool { return f.Access&a == a }

// Field returns the field of that name, or nil.
func (t *Table) Field(name string) *Field {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i]
		}
	}
	return nil
}

// ID is the field of the id.
func (t *Table) ID() *Field { return &t.Fields[0] }

// ParseID reads an id from a path.
func (t *Table) ParseID(text string) (any, error) { return t.parseID("id", text) }

func (t *Table) parseID(parameter, text string) (any, error) {
	id, problem := t.ID().parse(text)
	if problem != "" {
		return nil, invalid(fault.Field{Pointer: parameter, Message: problem})
	}
	return id, nil
}

// ErrMissing is the error of an id that nothing has which the client sees.
func (t *Table) ErrMissing() *fault.Error {
	return fault.New(fault.NotFound, "", "there is no such "+t.Singular)
}

// member returns the member of a struct that v points to, by its name in JSON.
func member(v any, name string) reflect.Value {
	m, ok := lookup(v, name)
	if !ok {
		panic("rest: " + reflect.TypeOf(v).String() + " has no member " + name)
	}
	return m
}

// lookup is member for what may not be there.
func lookup(v any, name string) (reflect.Value, bool) {
	s := reflect.ValueOf(v).Elem()
	i, ok := indexesOf(s.Type())[name]
	if !ok {
		return reflect.Value{}, false
	}
	return s.Field(i), true
}

var knownIndexes sync.Map // of what indexesOf returns, by [reflect.Type]

// indexesOf are the indexes of a struct's fields by their names in JSON.
func indexesOf(t reflect.Type) map[string]int {
	if known, ok := knownIndexes.Load(t); ok {
		return known.(map[string]int)
	}
	indexes := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if _, ok := indexes[name]; !ok {
			indexes[name] = i
		}
	}
	knownIndexes.Store(t, indexes)
	return indexes
}

// invalid is a request in which these parts are wrong.
func invalid(fields ...fault.Field) error {
	err := fault.New(fault.Invalid, "", "validation failed")
	err.Fields = fields
	return err
}
