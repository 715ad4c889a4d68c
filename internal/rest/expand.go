package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"

	"entgo.io/ent/dialect/sql"
)

// Expanded is what an edge leads to, as clients read it: an entity or null, or a [Page].
// It is zero where the edge isn't expanded.
type Expanded struct {
	Value any
	Set   bool
}

// MarshalJSON implements [json.Marshaler].
func (x Expanded) MarshalJSON() ([]byte, error) {
	e := encoders.Get().(*encoder)
	defer e.release()
	err := e.value(x.Value)
	return bytes.Clone(e.text), err
}

// UnmarshalJSON is called when there is the member, for clients in Go.
func (x *Expanded) UnmarshalJSON(data []byte) error {
	x.Set = true
	return json.Unmarshal(data, &x.Value)
}

// expansion is an edge to expand, with those to expand of what it leads to.
type expansion struct {
	*Edge
	parent *Table
	inner  []*expansion
}

// keyColumn is selected along with what an edge leads to: the key that it was found by.
const keyColumn = "@key"

// alias is selected along with an entity: its foreign key of the edge, which isn't one of
// Ent's fields, as a rule.
func (e *Edge) alias() string { return "@" + e.Name }

// Keys selects what expansions need of the rows.
func (q *Query) Keys(s *sql.Selector) {
	for _, x := range q.expand {
		if x.Own {
			s.AppendSelectAs(s.C(x.Column), x.alias())
		}
	}
}

// liftKeys selects the same of a query that has selected them, and is called like the
// table.
func (q *Query) liftKeys(s *sql.Selector, column func(string) string) {
	for _, x := range q.expand {
		if x.Own {
			s.AppendSelectAs(column(x.alias()), x.alias())
		}
	}
}

// Expands reports whether edges are expanded.
func (q *Query) Expands() bool { return len(q.expand) > 0 }

// Item is what a client reads of one entity, which was read with the query's [Query.Keys].
func (r *Erased) Item(ctx context.Context, e Entity, q *Query) (any, error) {
	if !q.Expands() {
		return q.pick(r.View(e)), nil
	}
	views, err := r.views(ctx, []Entity{e}, q)
	if err != nil {
		return nil, err
	}
	return q.pick(views[0]), nil
}

// views are what clients read of rows, with what is expanded.
func (r *Erased) views(ctx context.Context, rows []Entity, q *Query) ([]any, error) {
	views := r.Views(rows)
	if len(rows) == 0 {
		return views, nil
	}
	for _, x := range q.expand {
		keys := make([]any, len(rows)) // nil where there is none
		for i, row := range rows {
			keys[i] = r.Table.id(views[i])
			if x.Own {
				var err error
				if keys[i], err = row.Value(x.alias()); err != nil {
					return nil, errNotLoaded.With(err)
				}
			}
		}
		found, err := x.target.related(ctx, x, distinct(keys))
		if err != nil {
			return nil, err
		}
		for i, key := range keys {
			to := Expanded{Set: true}
			if key != nil {
				if f, ok := found[keyText(key)]; ok {
					to = f
				}
			}
			member(views[i], x.Name).Set(reflect.ValueOf(to))
		}
	}
	return views, nil
}

func distinct(keys []any) []any {
	var some []any
	seen := map[string]bool{}
	for _, key := range keys {
		if key != nil && !seen[keyText(key)] {
			seen[keyText(key)] = true
			some = append(some, key)
		}
	}
	return some
}

// related returns what the edge leads to by each of these keys, by the keys' texts: one
// statement reads it for all.
func (r *Erased) related(ctx context.Context, x *expansion, keys []any) (map[string]Expanded, error) {
	found := map[string]Expanded{}
	if len(keys) == 0 {
		return found, nil
	}
	if err := r.Table.Demand(Read).Check(ctx); err != nil {
		return nil, err
	}
	q := &Query{table: r.Table, Limit: x.Expand, expand: x.inner}
	(&parser{query: q}).sort(r.Table.DefaultSort)
	rows, err := r.all(ctx, func(s *sql.Selector) { x.load(s, q, keys) })
	if err != nil {
		return nil, err
	}
	views, err := r.views(ctx, rows, q)
	if err != nil {
		return nil, err
	}
	byKey := map[string][]any{}
	for i, row := range rows {
		key, err := row.Value(keyColumn)
		if err != nil {
			return nil, errNotLoaded.With(err)
		}
		text := keyText(key)
		byKey[text] = append(byKey[text], views[i])
		found[text] = Expanded{views[i], true}
	}
	if x.Many {
		for _, key := range keys {
			text := keyText(key)
			page, err := x.page(q, text, byKey[text])
			if err != nil {
				return nil, err
			}
			found[text] = Expanded{page, true}
		}
	}
	return found, nil
}

// page is the first page of the list of what the edge leads to by a key. Its links work
// in the list itself.
func (x *expansion) page(q *Query, key string, views []any) (*Page, error) {
	part := *q
	part.scope = x.parent.scope(x.Edge, key)
	more := len(views) > q.Limit
	views = views[:min(len(views), q.Limit)]
	page := &Page{Items: append([]any{}, views...)}
	if more {
		var err error
		if page.Next, err = part.token(views[len(views)-1]); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// load has a query of the target return what the edge leads to by these keys. Like all
// modifiers it runs last, so the rows are those that policies and interceptors leave.
func (x *expansion) load(s *sql.Selector, q *Query, keys []any) {
	if x.Many {
		x.lateral(s, q, keys)
		return
	}
	column := s.C(x.Column)
	if x.Own {
		column = s.C(q.table.ID().Column)
	}
	s.Where(sql.In(column, keys...)).AppendSelectAs(column, keyColumn)
	q.Keys(s)
}

// arrays are the types of ids in an array.
var arrays = map[Kind]string{UUID: "uuid[]", Int: "bigint[]", String: "text[]"}

// lateral has a query return the first rows for each key: a LIMIT for each, so that an
// index in the order reads no more than it returns.
func (x *expansion) lateral(s *sql.Selector, q *Query, keys []any) {
	table, columns := s.TableName(), s.SelectedColumns()
	rows := s.Clone().Where(x.from(sql.Raw(`"@parents"."key"`))(s))
	q.Keys(rows)
	q.orderBy(rows)
	rows.Limit(q.Limit + 1)
	whole := sql.Dialect(s.Dialect()).Select(columns...).WithContext(s.Context())
	whole.FromExpr(sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("unnest(ARRAY[").Args(keys...).WriteString("]::" + arrays[x.parent.ID().Kind])
		b.WriteString(`) AS "@parents"("key") CROSS JOIN LATERAL `)
		b.Wrap(func(b *sql.Builder) { b.Join(rows) }).WriteString(" AS ").Ident(table)
	}))
	whole.AppendSelectAs(`"@parents"."key"`, keyColumn)
	q.liftKeys(whole, s.C)
	whole.OrderBy(rows.OrderColumns()...)
	*s = *whole
}
