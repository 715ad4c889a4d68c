package httpapi

import (
	"github.com/google/uuid"

	"commitment/internal/ledger"
)

// PageInput says which part of a list is wanted. It is exported, as huma looks
// into no other embedded structs.
type PageInput struct {
	Limit int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
	After uuid.UUID `query:"after" format:"uuid" doc:"the next of the page before"`
}

func (in PageInput) cursor() ledger.Cursor {
	c := ledger.Cursor{Limit: in.Limit}
	if in.After != uuid.Nil {
		c.After = &in.After
	}
	return c
}

// pageOutput is a part of a list.
type pageOutput[T any] struct {
	Body struct {
		Items []T        `json:"items" nullable:"false"`
		Next  *uuid.UUID `json:"next,omitempty" format:"uuid" doc:"where the next page begins; absent on the last"`
	}
}

func newPageOutput[E, T any](p ledger.Page[E], body func(E) T) *pageOutput[T] {
	out := &pageOutput[T]{}
	out.Body.Next = p.Next
	out.Body.Items = make([]T, 0, len(p.Items))
	for _, item := range p.Items {
		out.Body.Items = append(out.Body.Items, body(item))
	}
	return out
}
