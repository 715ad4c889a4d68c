package rest

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql"

	"commitment/internal/fault"
)

// Edge is an edge that clients expand, list or link.
type Edge struct {
	Name string
	// To is the name of the resource that it leads to, and Many says that it leads to
	// many of them.
	To   string
	Many bool
	// Column is the foreign key: the entity's own, or else the target's. An edge of many
	// to many has a Join in its place.
	Column string
	Own    bool
	Join   *Join
	// Expand bounds the entities inside of each; 0 where the edge isn't expanded.
	Expand int
	// Nested says that the edge has a list of its own, and Linked that clients link and
	// unlink there.
	Nested, Linked bool

	target *Erased
}

// Join is the table that has the pairs of an edge of many to many: From is the column of
// the entity, and To that of the target.
type Join struct{ Table, From, To string }

// Connect makes the edges of resources lead to one another. It fails when one leads to
// none of them.
func Connect(resources map[string]*Erased) error {
	for _, r := range resources {
		t := r.Table
		for i := range t.Edges {
			e := &t.Edges[i]
			if e.target = resources[e.To]; e.target == nil {
				return fmt.Errorf("%s.%s leads to %s, which isn't mounted", t.Name, e.Name, e.To)
			}
		}
	}
	return nil
}

// Edge returns the edge of that name, or nil.
func (t *Table) Edge(name string) *Edge {
	for i := range t.Edges {
		if t.Edges[i].Name == name {
			return &t.Edges[i]
		}
	}
	return nil
}

// Target is the resource that the edge leads to.
func (e *Edge) Target() *Erased { return e.target }

// Path is the edge's part of a path.
func (e *Edge) Path() string { return strings.ReplaceAll(e.Name, "_", "-") }

// Parameter is the parameter of a path that has the id of what is linked.
func (e *Edge) Parameter() string {
	return strings.ReplaceAll(e.target.Table.Singular, " ", "_") + "_id"
}

// ParseNested reads the parameters of the list of what an edge leads to from the entity
// of that id.
func (t *Table) ParseNested(e *Edge, id any, parameters url.Values) (*Query, error) {
	q := &Query{table: e.target.Table, scope: t.scope(e, keyText(id)), inside: e.from(id)}
	err := q.parse(parameters)
	return q, err
}

// scope tells the lists of an edge from one another.
func (t *Table) scope(e *Edge, key string) string { return t.Path + "/" + key + "/" + e.Name }

// from are the rows of the target that the edge, which is to many, leads to from the
// entity of that id.
func (e *Edge) from(id any) func(*sql.Selector) *sql.Predicate {
	return func(s *sql.Selector) *sql.Predicate {
		if e.Join == nil {
			return sql.EQ(s.C(e.Column), id)
		}
		pairs := sql.Dialect(s.Dialect()).Table(e.Join.Table)
		return sql.In(s.C(e.target.Table.ID().Column),
			sql.Dialect(s.Dialect()).Select(pairs.C(e.Join.To)).From(pairs).Where(sql.EQ(pairs.C(e.Join.From), id)))
	}
}

// Connect links the entity to the one with the id in a path, or unlinks the two. It
// changes nothing when they are linked, or aren't, already.
func (r *Erased) Connect(ctx context.Context, e Entity, edge *Edge, text string, linked bool) error {
	target := edge.target.Table
	id, err := target.parseID(edge.Parameter(), text)
	if err != nil {
		return err
	}
	is := func(s *sql.Selector) *sql.Predicate { return sql.EQ(s.C(target.ID().Column), id) }
	found, err := edge.target.has(ctx, is)
	if err != nil {
		return err
	}
	if !found {
		return target.ErrMissing()
	}
	from := edge.from(r.Table.id(r.View(e)))
	found, err = edge.target.has(ctx, func(s *sql.Selector) *sql.Predicate { return sql.And(is(s), from(s)) })
	if err != nil || found == linked {
		return err
	}
	return r.link(ctx, e, edge.Name, id, linked)
}

// has reports whether there is such a row, of those that the client sees.
func (r *Erased) has(ctx context.Context, where func(*sql.Selector) *sql.Predicate) (bool, error) {
	rows, err := r.all(ctx, func(s *sql.Selector) { s.Where(where(s)).Limit(1) })
	return len(rows) > 0, err
}

// id is that of what a client reads.
func (t *Table) id(view any) any { return member(view, t.ID().Name).Interface() }

// keyText is the text of an id, be it a value of Go or of the database.
func keyText(key any) string {
	if b, ok := key.([]byte); ok {
		return string(b)
	}
	text, _ := format(reflect.ValueOf(key))
	return text
}

// Bounds of what a client expands.
const (
	maxPaths    = 8
	maxDepth    = 2
	maxExpanded = 10_000 // entities inside of those of a page
)

// expand reads the edges to expand: paths with commas between them, as "a,b.c".
func (p *parser) expand(value string) {
	paths := strings.Split(value, ",")
	if len(paths) > maxPaths {
		p.refuse("expand", "expected at most %d edges", maxPaths)
		return
	}
	for i, path := range paths {
		if slices.Contains(paths[:i], path) {
			p.refuse("expand", "has %.100q twice", path)
			return
		}
		if !p.query.add(path) {
			p.refuse("expand", "can't expand %.100q", path)
			return
		}
	}
}

// add adds the edges of a path to those to expand. It reports false when it can't.
func (q *Query) add(path string) bool {
	table, level := q.table, &q.expand
	names := strings.SplitN(path, ".", maxDepth+1)
	if len(names) > maxDepth {
		return false
	}
	for _, name := range names {
		edge := table.Edge(name)
		if edge == nil || edge.Expand == 0 {
			return false
		}
		var x *expansion
		for _, known := range *level {
			if known.Edge == edge {
				x = known
			}
		}
		if x == nil {
			x = &expansion{Edge: edge, parent: table}
			*level = append(*level, x)
		}
		table, level = edge.target.Table, &x.inner
	}
	return true
}

// checkExpanded refuses to expand more than a response has room for.
func (p *parser) checkExpanded() {
	if n := most(p.query.Limit, p.query.expand); n > maxExpanded {
		p.refuse("expand", "could have %d entities inside, expected at most %d: lower limit, or expand less", n, maxExpanded)
	}
}

// most is how many entities there can be inside of so many.
func most(entities int, expand []*expansion) int {
	sum := 0
	for _, x := range expand {
		inside := entities * x.Expand
		sum += inside + most(inside, x.inner)
	}
	return sum
}

var errNotLoaded = fault.New(fault.Internal, "", "rest: a function All has not run the modifier that it was given")
