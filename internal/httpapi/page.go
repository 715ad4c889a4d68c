package httpapi

import (
	"github.com/google/uuid"

	"commitment/internal/ledger"
)

// PageInput says which part of a list is wanted. It is exported, as huma looks
// into no other embedded structs.
type PageInput struct {
	Limit int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The most items that the page has."`
	After uuid.UUID `query:"after" format:"uuid" doc:"The next value of the previous page."`
}

func (in PageInput) cursor() ledger.Cursor {
	c := ledger.Cursor{Limit: in.Limit}
	if in.After != uuid.Nil {
		c.After = &in.After
	}
	return c
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T        `json:"items" nullable:"false"`
	Next  *uuid.UUID `json:"next,omitempty" format:"uuid" doc:"Where the next page begins, for after. The last page has none." example:"01a205f2-fa8d-780f-8e50-44c4fb9588e6"`
}

type pageOutput[T any] struct{ Body Page[T] }

func newPageOutput[E, T any](p ledger.Page[E], body func(E) T) *pageOutput[T] {
	out := &pageOutput[T]{}
	out.Body.Next = p.Next
	out.Body.Items = make([]T, 0, len(p.Items))
	for _, item := range p.Items {
		out.Body.Items = append(out.Body.Items, body(item))
	}
	return out
}
