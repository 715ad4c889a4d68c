package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/problem"
)

// place is a part of a resource that is patched, too.
type place struct {
	Town   Member[string]         `json:"town,omitzero" minLength:"1"`
	Street OptionalMember[string] `json:"street,omitzero" minLength:"1"`
}

type patchInput struct {
	Body struct {
		Name  Member[string]            `json:"name" required:"false" minLength:"1"`
		Tags  Member[[]string]          `json:"tags,omitzero" maxItems:"2"`
		Note  OptionalMember[string]    `json:"note,omitzero" minLength:"1" maxLength:"5"`
		Limit OptionalMember[int64]     `json:"limit,omitzero" minimum:"1"`
		Due   OptionalMember[time.Time] `json:"due,omitzero"`
		Owner OptionalMember[uuid.UUID] `json:"owner,omitzero" format:"uuid"`
		Links OptionalMember[[]string]  `json:"links,omitzero" minItems:"1"`
		Color OptionalMember[string]    `json:"color,omitzero" enum:"red,blue"`
		Home  OptionalMember[place]     `json:"home,omitzero"`
		Sites Member[[]place]           `json:"sites,omitzero"`
	} `contentType:"application/merge-patch+json"`
}

// patched sends a patch and returns its answer and what the handler was given,
// nil when it wasn't called.
func patched(t *testing.T, body string) (*httptest.ResponseRecorder, *patchInput) {
	t.Helper()
	var got *patchInput
	w := httptest.NewRecorder()
	patchAPI(func(in *patchInput) { got = in }).ServeHTTP(w, patchRequest(body))
	return w, got
}

func patchRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPatch, "/v1/things", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/merge-patch+json")
	return r
}

func patchAPI(given func(*patchInput)) http.Handler {
	r := chi.NewRouter()
	a := newAPI(r, Options{}, &problem.Writer{Log: slog.New(slog.DiscardHandler)})
	handle(a, "PATCH /v1/things", "changeThing", "Change a thing.", func(_ context.Context, in *patchInput) (*struct{}, error) {
		given(in)
		return nil, nil
	})
	openAPI, _ := a.document()
	r.Get("/openapi.json", openAPI)
	return r
}

func TestAPatchTellsAbsentFromNullFromAValue(t *testing.T) {
	t.Parallel()
	w, absent := patched(t, `{}`)
	if absent == nil || absent.Body.Note.Value != nil || absent.Body.Note.Removed || absent.Body.Home.Removed {
		t.Errorf("absent members = %d %s %+v, want neither a value nor a removal", w.Code, w.Body, absent)
	}
	w, null := patched(t, `{"note":null,"limit":null,"due": null ,"owner":null,"links":null,"color":null,"home":null}`)
	if null == nil {
		t.Fatalf("answer to null = %d %s, want it taken", w.Code, w.Body)
	}
	b := null.Body
	if !b.Note.Removed || !b.Limit.Removed || !b.Due.Removed || !b.Owner.Removed || !b.Links.Removed || !b.Color.Removed || !b.Home.Removed {
		t.Errorf("null members = %+v, want all of them removed", b)
	}
	w, set := patched(t, `{"note":"a","limit":2,"due":"2026-01-02T03:04:05Z","links":["a"],"color":"red","home":{"street":null,"town":"x"}}`)
	if set == nil {
		t.Fatalf("answer to values = %d %s, want them taken", w.Code, w.Body)
	}
	b = set.Body
	if b.Note.Removed || *b.Note.Value != "a" || *b.Limit.Value != 2 || b.Due.Value.Year() != 2026 || (*b.Links.Value)[0] != "a" || *b.Color.Value != "red" {
		t.Errorf("members = %+v, want the values", b)
	}
	if home := b.Home.Value; !home.Street.Removed || *home.Town.Value != "x" {
		t.Errorf("members of a member = %+v, want the street removed and the town set", home)
	}
}

func TestAPatchIsValidated(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"name":null}`:                    {"#/name"},
		`{"tags":null}`:                    {"#/tags"},
		`{"name":null,"tags":null}`:        {"#/name", "#/tags"},
		`{"name":""}`:                      {"#/name"},
		`{"note":""}`:                      {"#/note"},
		`{"note":"toolong"}`:               {"#/note"},
		`{"note":5}`:                       {"#/note"},
		`{"limit":0}`:                      {"#/limit"},
		`{"due":"yesterday"}`:              {"#/due"},
		`{"owner":"me"}`:                   {"#/owner"},
		`{"links":[]}`:                     {"#/links"},
		`{"links":[null]}`:                 {"#/links/0"},
		`{"color":"green"}`:                {"#/color"},
		`{"home":{"town":null}}`:           {"#/home/town"},
		`{"home":{"street":"","town":""}}`: {"#/home/street", "#/home/town"},
		`{"sites":[{},{"town":null}]}`:     {"#/sites/1/town"},
		`{"unknown":null}`:                 {"#/unknown"},
	} {
		w, given := patched(t, body)
		var p problem.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		var blamed []string
		for _, e := range p.Errors {
			blamed = append(blamed, e.Pointer)
		}
		slices.Sort(blamed)
		if diff := cmp.Diff(want, blamed); w.Code != http.StatusUnprocessableEntity || given != nil || diff != "" {
			t.Errorf("%s = %d, handler called: %t, blamed (-want +got):\n%s", body, w.Code, given != nil, diff)
		}
	}
}

func TestAPatchIsDescribed(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	patchAPI(nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var spec struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage
				Required   []string
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &spec); err != nil {
		t.Fatal(err)
	}
	schema := spec.Components.Schemas["PatchRequest"]
	if schema.Required != nil {
		t.Errorf("required = %v, want none", schema.Required)
	}
	for name, want := range map[string]string{
		"name":  `{"minLength":1,"type":"string"}`,
		"tags":  `{"items":{"type":"string"},"maxItems":2,"type":"array"}`,
		"note":  `{"maxLength":5,"minLength":1,"type":["string","null"]}`,
		"limit": `{"format":"int64","maximum":9007199254740991,"minimum":1,"type":["integer","null"]}`,
		"due":   `{"format":"date-time","type":["string","null"]}`,
		"owner": `{"format":"uuid","type":["string","null"]}`,
		"links": `{"items":{"type":"string"},"minItems":1,"type":["array","null"]}`,
		"color": `{"enum":["red","blue",null],"type":["string","null"]}`,
		"home": `{"additionalProperties":false,"properties":{"street":{"minLength":1,"type":["string","null"]},` +
			`"town":{"minLength":1,"type":"string"}},"type":["object","null"]}`,
	} {
		if diff := cmp.Diff(want, string(schema.Properties[name])); diff != "" {
			t.Errorf("schema of %s (-want +got):\n%s", name, diff)
		}
	}
}
