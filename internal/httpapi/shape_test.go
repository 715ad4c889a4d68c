package httpapi

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

type byID struct {
	ID string `path:"id"`
}

// ByID is seen, and so is what it embeds.
type ByID struct {
	ID string `path:"id"`
}

type behavior struct{} //nolint:unused // brings nothing along that could be lost

type within struct{ byID }

type (
	embedsUnexported struct{ byID }
	embedsPointer    struct{ *byID }
	embedsDeeply     struct{ within }
	hidesParameter   struct {
		id string `path:"id"` //nolint:unused // that's the point
	}
	misspells struct {
		ID string `path:"ids"`
	}
	embedsInABody struct {
		ByID
		Body struct {
			Items []struct{ byName }
		}
	}
	byName  struct{ Name string }
	correct struct {
		ByID
		behavior           //nolint:unused // the same
		At       time.Time `query:"at"`
		Body     struct {
			Row struct {
				byName `json:"-"`
				Name   string
			}
		}
		private int //nolint:unused // nobody's
	}
)

func TestHandleRefusesWhatWouldBeLost(t *testing.T) {
	t.Parallel()
	custom(t, func(a *api) {
		for name, tt := range map[string]struct {
			register func()
			want     string
		}{
			"an embedded struct":               {input[embedsUnexported](a), "embedsUnexported.byID is embedded, and its type isn't exported"},
			"an embedded pointer":              {input[embedsPointer](a), "embedsPointer.byID is embedded, and its type isn't exported"},
			"one that embeds another":          {input[embedsDeeply](a), "embedsDeeply.within is embedded, and its type isn't exported"},
			"one in a body":                    {input[embedsInABody](a), ".byName is embedded, and its type isn't exported"},
			"an unexported field":              {input[hidesParameter](a), "hidesParameter.id isn't exported: huma would ignore the parameter"},
			"a parameter of no path":           {input[misspells](a), "misspells.ID is the parameter ids of the path, and /x/{id} has no {ids}"},
			"an embedded struct of a response": {output[within](a), "within.byID is embedded, and its type isn't exported"},
			"nothing of what is seen":          {input[correct](a), ""},
		} {
			if got := panicOf(tt.register); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%s: panic = %q, want %q in it", name, got, tt.want)
			}
		}
	})
}

// input returns what registers a handler of that input.
func input[I any](a *api) func() {
	return func() {
		handle(a, "GET /x/{id}", fmt.Sprintf("take-%T", *new(I)), "Take.", func(context.Context, *I) (*struct{}, error) { return nil, nil })
	}
}

// output returns what registers a handler of that output.
func output[O any](a *api) func() {
	return func() {
		handle(a, "GET /x/{id}", fmt.Sprintf("give-%T", *new(O)), "Give.", func(context.Context, *ByID) (*O, error) { return nil, nil })
	}
}

// panicOf is what f panics with, or "".
func panicOf(f func()) (said string) {
	defer func() {
		if v := recover(); v != nil {
			said = fmt.Sprint(v)
		}
	}()
	f()
	return ""
}
