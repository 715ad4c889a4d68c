package httpapi

import (
	"context"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/ent/resource"
	"commitment/internal/fault"
	"commitment/internal/rest"
	"commitment/internal/txn"
)

// The first step of an override is an annotation: those of the schemas here are tested
// everywhere.

var errUnlucky = fault.New(fault.Invalid, "unlucky", "not this one").At("/number")

func TestAReplacedFunctionHoldsInBatches(t *testing.T) {
	t.Parallel()
	s := newServiceOf(t, func(v1 *api) {
		documents := resource.Documents()
		insert := documents.Insert
		documents.Insert = func(ctx context.Context, in *resource.DocumentCreate) (*ent.Document, error) {
			if in.Number == 13 {
				return nil, errUnlucky
			}
			in.Title = strings.ToUpper(in.Title)
			return insert(ctx, in)
		}
		mount(v1, documents, fails(rest.Create, errUnlucky))
	})
	if r := s.want(t, 201, "POST", documents, `{"title":"a","number":1}`); r.body["title"] != "A" {
		t.Errorf("created = %s", r.text)
	}
	if got := s.want(t, 422, "POST", documents, `{"title":"a","number":13}`).wrong(); !cmp.Equal(got, []string{"#/number"}) {
		t.Errorf("blamed = %v, want #/number", got)
	}
	if got := s.want(t, 201, "POST", documents+":batchCreate", `{"items":[{"title":"b","number":2},{"title":"c","number":3}]}`).titles(); got != "B,C" {
		t.Errorf("created = %s, want B,C", got)
	}
	got := s.want(t, 422, "POST", documents+":batchCreate", `{"items":[{"title":"d","number":4},{"title":"e","number":13}]}`).wrong()
	if diff := cmp.Diff([]string{"#/items/1/number"}, got); diff != "" || s.count(t) != 3 {
		t.Errorf("blamed (-want +got), of %d documents:\n%s", s.count(t), diff)
	}
}

func TestAListHasAStatementTimeout(t *testing.T) {
	t.Parallel()
	var timeout string
	s := newServiceOf(t, func(v1 *api) {
		documents := resource.Documents()
		all := documents.All
		documents.All = func(ctx context.Context, m func(*sql.Selector)) ([]*ent.Document, error) {
			db, err := txn.SQLFromContext(ctx)
			if err != nil {
				return nil, err
			}
			if err := db.QueryRowContext(ctx, "SELECT current_setting('statement_timeout')", nil, &timeout); err != nil {
				return nil, err
			}
			return all(ctx, m)
		}
		mount(v1, documents)
	})
	s.want(t, 200, "GET", documents, "")
	if timeout != listTimeout {
		t.Errorf("statement_timeout = %s, want %s", timeout, listTimeout)
	}
}

type filed struct {
	Body struct {
		Title string `json:"title" doc:"what it is called" example:"a"`
	}
}

func file(ctx context.Context, in *filed) (*filed, error) {
	d, err := ent.FromContext(ctx).Document.Create().SetTitle(in.Body.Title).SetNumber(1).Save(ctx)
	if err != nil {
		return nil, err
	}
	in.Body.Title = d.Title + ", filed"
	return in, nil
}

func TestAnOrdinaryHandlerTakesTheRoute(t *testing.T) {
	t.Parallel()
	s := newServiceOf(t, func(v1 *api) {
		mount(v1, resource.Documents(), except(rest.Create))
		handle(v1, "POST /v1/documents", "fileDocument", "File a document. It comes first.", file)
	})
	if r := s.want(t, 201, "POST", documents, `{"title":"a"}`); r.body["title"] != "a, filed" {
		t.Errorf("created = %s", r.text)
	}
	s.want(t, 404, "POST", documents+":batchCreate", `{"items":[{"title":"b","number":2}]}`) // it would go another way
	if got := s.want(t, 200, "GET", documents, "").titles(); got != "a" {
		t.Errorf("documents = %s, want a", got)
	}
}

func TestAForgottenExceptFailsAtTheStart(t *testing.T) {
	t.Parallel()
	defer func() {
		const want = "httpapi: POST /v1/documents is registered by createDocument and by fileDocument: one of them has to go, the operation of a resource by except"
		if got := recover(); got != want {
			t.Errorf("panic = %v, want %s", got, want)
		}
	}()
	newServiceOf(t, func(v1 *api) {
		mount(v1, resource.Documents())
		handle(v1, "POST /v1/documents", "fileDocument", "File a document. It comes first.", file)
	})
}
