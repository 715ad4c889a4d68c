package rest

import (
	"slices"

	"entgo.io/ent/dialect/sql"
)

// A list is read in the order of its keys, with nulls behind all values, or before them
// where the order descends: PostgreSQL's own, so that an index serves it both ways.

// orderBy adds the order.
func (q *Query) orderBy(s *sql.Selector) {
	for _, k := range q.order {
		if k.Desc != q.backward {
			s.OrderBy(sql.Desc(s.C(k.Column)))
		} else {
			s.OrderBy(s.C(k.Column))
		}
	}
}

// where is a predicate for a selector.
type where func(s *sql.Selector) *sql.Predicate

// ranges are the rows behind the cursor, in parts that have no row in common and each of
// which an index can seek: no OR.
func (q *Query) ranges() [][]where {
	var found [][]where
	var equal []where // to the cursor, in the keys so far
	add := func(w where) { found = append(found, append(slices.Clip(equal), w)) }
	for i := 0; i < len(q.order); {
		k, value := q.order[i], q.cursor[i]
		desc := k.Desc != q.backward
		if value == nil {
			if desc { // the values stand behind the nulls
				add(func(s *sql.Selector) *sql.Predicate { return sql.NotNull(s.C(k.Column)) })
			}
			equal = append(equal, func(s *sql.Selector) *sql.Predicate { return sql.IsNull(s.C(k.Column)) })
			i++
			continue
		}
		if k.Is(Nullable) && !desc {
			add(func(s *sql.Selector) *sql.Predicate { return sql.IsNull(s.C(k.Column)) })
		}
		end := q.run(i)
		add(beyond(q.order[i:end], q.cursor[i:end], desc))
		for ; i < end; i++ {
			k, value := q.order[i], q.cursor[i]
			equal = append(equal, func(s *sql.Selector) *sql.Predicate { return sql.EQ(s.C(k.Column), value) })
		}
	}
	return found
}

// run returns where the keys from i end that PostgreSQL compares as a row: of one
// direction and, after the first, never null.
func (q *Query) run(i int) int {
	end := i + 1
	for end < len(q.order) && q.order[end].Desc == q.order[i].Desc && !q.order[end].Is(Nullable) {
		end++
	}
	return end
}

// beyond are the rows behind values, in these keys.
func beyond(keys []Key, values []any, desc bool) where {
	return func(s *sql.Selector) *sql.Predicate {
		columns := make([]string, len(keys))
		for i, k := range keys {
			columns[i] = s.C(k.Column)
		}
		switch {
		case len(keys) > 1 && desc:
			return sql.CompositeLT(columns, values...)
		case len(keys) > 1:
			return sql.CompositeGT(columns, values...)
		case desc:
			return sql.LT(columns[0], values[0])
		}
		return sql.GT(columns[0], values[0])
	}
}

// page has a query return the page, and one row more if there is one. It runs last of
// all that changes the query, so the rows are those that policies and interceptors leave.
func (q *Query) page(s *sql.Selector) {
	q.filter(s)
	if q.cursor == nil {
		q.Keys(s)
		q.orderBy(s)
		s.Limit(q.Limit + 1)
		return
	}
	columns := s.SelectedColumns()
	q.Keys(s)
	var union *sql.Selector
	ranges := q.ranges()
	for _, wheres := range ranges {
		part := s.Clone()
		for _, w := range wheres {
			part.Where(w(part))
		}
		q.orderBy(part)
		part.Limit(q.Limit + 1)
		if len(ranges) == 1 {
			*s = *part
			return
		}
		part = sql.Dialect(s.Dialect()).Select().From(part.As(s.TableName()))
		if union == nil {
			union = part
		} else {
			union.UnionAll(part)
		}
	}
	whole := sql.Dialect(s.Dialect()).Select(columns...).From(union.As(s.TableName())).WithContext(s.Context())
	q.liftKeys(whole, s.C)
	q.orderBy(whole)
	*s = *whole.Limit(q.Limit + 1)
}

// filter adds the filters.
func (q *Query) filter(s *sql.Selector) {
	if q.inside != nil {
		s.Where(q.inside(s))
	}
	for _, c := range q.where {
		s.Where(c.where(s))
	}
}

// maxCount is how far a capped count goes.
const maxCount = 10_000

// count has a query count the rows of all pages, or of those up to one more than maxCount.
func (q *Query) count(s *sql.Selector) {
	q.filter(s)
	if q.Count == Exact {
		return
	}
	some := s.Clone().Select(s.C(q.table.ID().Column)).Limit(maxCount + 1).As(s.TableName())
	*s = *sql.Dialect(s.Dialect()).Select().From(some).WithContext(s.Context())
}
