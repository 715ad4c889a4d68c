package rest

import (
	"context"
	"slices"

	"commitment/internal/schemakit"
)

// Page is a part of a list.
type Page struct {
	Items []any  `json:"items"`
	Next  string `json:"next,omitempty"`
	Prev  string `json:"prev,omitempty"`
	// Total counts the rows of all pages. Where TotalExact is false there are more.
	Total      *int  `json:"total,omitempty"`
	TotalExact *bool `json:"total_exact,omitempty"`
}

// List returns the page that is asked for.
func (r *Erased) List(ctx context.Context, q *Query) (*Page, error) {
	seen := ctx
	if q.deleted {
		seen = schemakit.WithDeleted(ctx)
	}
	rows, err := r.all(seen, q.page)
	if err != nil {
		return nil, err
	}
	more := len(rows) > q.Limit
	rows = rows[:min(len(rows), q.Limit)]
	if q.backward {
		slices.Reverse(rows)
	}
	views, err := r.views(ctx, rows, q)
	if err != nil {
		return nil, err
	}
	page := &Page{Items: views}
	if len(views) > 0 {
		if err := q.link(page, views[0], views[len(views)-1], more); err != nil {
			return nil, err
		}
	}
	for i, v := range views {
		page.Items[i] = q.pick(v)
	}
	if q.Count == Uncounted {
		return page, nil
	}
	n, err := r.count(seen, q.count)
	exact := q.Count == Exact || n <= maxCount
	if !exact {
		n = maxCount
	}
	page.Total, page.TotalExact = &n, &exact
	return page, err
}

// link says where the pages around begin. The side that the cursor came from has rows.
func (q *Query) link(page *Page, first, last any, more bool) (err error) {
	if more && !q.backward || q.backward && q.cursor != nil {
		if page.Next, err = q.token(last); err != nil {
			return err
		}
	}
	if more && q.backward || !q.backward && q.cursor != nil {
		page.Prev, err = q.token(first)
	}
	return err
}

// pick returns the view with only the fields that are wanted, and the edges that are
// expanded.
func (q *Query) pick(view any) any {
	if len(q.Fields) == 0 {
		return view
	}
	names := q.Fields
	for _, x := range q.expand {
		names = append(slices.Clip(names), x.Name)
	}
	return values(view, names)
}
