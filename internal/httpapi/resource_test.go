package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/httpapi"
)

// pageBody is a page of any list.
type pageBody[T any] struct {
	Items      []T
	Next, Prev string
	Total      *int
	TotalExact *bool `json:"total_exact"`
}

// page reads a page of a list.
func page[T any](t *testing.T, s *service, path string) pageBody[T] {
	t.Helper()
	return decode[pageBody[T]](t, s.send(t, "GET", path, "").want(t, http.StatusOK))
}

// walk reads a list page by page to its end. The path has no limit.
func walk[T any](t *testing.T, s *service, path string, limit int) (items []T, pages int) {
	t.Helper()
	for after := ""; pages == 0 || after != ""; pages++ {
		query := fmt.Sprintf("limit=%d", limit)
		if after != "" {
			query += "&after=" + after
		}
		page := page[T](t, s, path+query)
		if len(page.Items) > limit {
			t.Fatalf("items = %d, want at most %d", len(page.Items), limit)
		}
		items, after = append(items, page.Items...), page.Next
	}
	return items, pages
}

func names(things []httpapi.Thing) []string {
	var all []string
	for _, thing := range things {
		all = append(all, thing.Name)
	}
	return all
}

func TestListAResource(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	if a := s.send(t, "GET", "/v1/things", "").want(t, http.StatusOK); a.body != `{"items":[]}`+"\n" {
		t.Errorf("body = %s, want no items and no other page", a.body)
	}
	for _, name := range []string{"b", "a", "d", "c", "bb"} {
		s.add(t, name)
	}
	for query, want := range map[string][]string{
		"?":                         {"b", "a", "d", "c", "bb"},
		"?sort=name&":               {"a", "b", "bb", "c", "d"},
		"?sort=-name&":              {"d", "c", "bb", "b", "a"},
		"?sort=expires_at,-name&":   {"d", "c", "bb", "b", "a"},
		"?sort=name&name.gte=b&":    {"b", "bb", "c", "d"},
		"?sort=name&name.prefix=b&": {"b", "bb"},
		"?name.in=c,d&":             {"d", "c"},
		"?name=a&":                  {"a"},
		"?name=none&":               nil,
	} {
		for _, limit := range []int{1, 2, 200} {
			got, pages := walk[httpapi.Thing](t, s, "/v1/things"+query, limit)
			if diff := cmp.Diff(want, names(got)); diff != "" || pages != max(1, (len(want)+limit-1)/limit) {
				t.Errorf("%slimit=%d: %d pages (-want +got):\n%s", query, limit, pages, diff)
			}
		}
	}
	first := page[httpapi.Thing](t, s, "/v1/things?sort=name&limit=2&count=true")
	if *first.Total != 5 || !*first.TotalExact || first.Prev != "" {
		t.Errorf("total = %d, exact: %t, previous page %q, want 5, true, none", *first.Total, *first.TotalExact, first.Prev)
	}
	second := page[httpapi.Thing](t, s, "/v1/things?sort=name&limit=2&after="+first.Next)
	back := page[httpapi.Thing](t, s, "/v1/things?sort=name&limit=2&before="+second.Prev)
	if diff := cmp.Diff(first.Items, back.Items); diff != "" {
		t.Errorf("first page (-as read first +as read from the second):\n%s", diff)
	}
	if a := s.send(t, "GET", "/v1/things?sort=name&fields=name&name.in=a,b", ""); a.body != `{"items":[{"name":"a"},{"name":"b"}]}`+"\n" {
		t.Errorf("with fields=name the body is %s", a.body)
	}
}

func TestAPageHasDefaults(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	s.exec(t, `INSERT INTO idempotency_keys (tenant_id, id, created_at, subject, key, fingerprint, status, header, body, expires_at)
		SELECT '`+tenant.String()+`', gen_random_uuid(), now(), 'row', n::text, '', 1, '{}', '', now() FROM generate_series(1, 201) n`)
	for query, want := range map[string]int{"": 50, "?limit=200": 200} {
		if page := page[any](t, s, "/v1/things"+query); len(page.Items) != want || page.Next == "" {
			t.Errorf("%q: items = %d, next %q, want %d and a next", query, len(page.Items), page.Next, want)
		}
	}
}

func TestAListRefuses(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	s.add(t, "a")
	s.add(t, "b")
	next := page[httpapi.Thing](t, s, "/v1/things?limit=1").Next
	tests := []struct {
		query  string
		status int
		code   string
		blamed []string
	}{
		{"limit=0", 422, "invalid", []string{"limit"}},
		{"limit=-1", 422, "invalid", []string{"limit"}},
		{"limit=201", 422, "invalid", []string{"limit"}},
		{"limit=1.5", 422, "invalid", []string{"limit"}},
		{"limit=99999999999999999999", 422, "invalid", []string{"limit"}},
		{"limit", 422, "invalid", []string{"limit"}},
		{"after=", 422, "invalid", []string{"after"}},
		{"after=abc", 400, "bad-cursor", []string{"after"}},
		{"after=" + uuid.NewString(), 400, "bad-cursor", []string{"after"}},
		{"sort=name&after=" + next, 400, "bad-cursor", []string{"after"}},
		{"after=" + next + "&before=" + next, 422, "invalid", []string{"before"}},
		{"limit=x&offset=2", 422, "invalid", []string{"limit", "offset"}},
		{"Limit=5", 422, "invalid", []string{"Limit"}},
		{"sort=kind", 422, "invalid", []string{"sort"}},
		{"kind=new", 422, "invalid", []string{"kind"}},
		{"name.like=a&name.gt=a", 422, "invalid", []string{"name.like"}},
		{"expires_at.gt=now", 422, "invalid", []string{"expires_at.gt"}},
		{"fields=kind", 422, "invalid", []string{"fields"}},
		{"after=%zz", 400, "malformed", nil},
		{"limit=5;after=x", 400, "malformed", nil},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			s.refused(t, tt.status, "GET", "/v1/things?"+tt.query, "").want(t, tt.code, tt.blamed...)
		})
	}
}

func TestReadAndPatchAResource(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	path, other := s.add(t, "a"), s.add(t, "b")
	read := s.send(t, "GET", path, "").want(t, http.StatusOK)
	read.wantHeader(t, "ETag", `"1"`)
	s.send(t, "GET", path, "", "If-None-Match", `"1"`).want(t, http.StatusNotModified)
	for _, same := range []string{`{}`, `{"name":"a"}`} {
		a := s.send(t, "PATCH", path, same, "If-Match", `"1"`).want(t, http.StatusOK)
		a.wantHeader(t, "ETag", `"1"`)
		if a.body != read.body {
			t.Errorf("after a patch that changes nothing = %s, want %s", a.body, read.body)
		}
	}
	patched := s.send(t, "PATCH", path, `{"name":"c"}`, "Content-Type", "application/merge-patch+json").want(t, http.StatusOK)
	patched.wantHeader(t, "ETag", `"2"`)
	want := decode[httpapi.Thing](t, read)
	want.Name = "c"
	if diff := cmp.Diff(want, decode[httpapi.Thing](t, patched)); diff != "" || want.ExpiresAt.Location() != time.UTC {
		t.Errorf("patched (-want +got):\n%s", diff)
	}

	s.refused(t, http.StatusPreconditionFailed, "PATCH", path, `{"name":"d"}`, "If-Match", `"1"`).want(t, "stale")
	s.refused(t, http.StatusConflict, "PATCH", other, `{"name":"c"}`).want(t, "already-exists")
	for body, blamed := range map[string]string{`{"name":null}`: "#/name", `{"name":5}`: "#/name", `{"expires_at":null}`: "#/expires_at", `{"kind":"x"}`: "#/kind", `[]`: "#"} {
		s.refused(t, http.StatusUnprocessableEntity, "PATCH", path, body).want(t, "invalid", blamed)
	}
	for _, method := range []string{"GET", "DELETE"} {
		s.refused(t, http.StatusNotFound, method, "/v1/things/"+uuid.NewString(), "").want(t, "not-found")
		s.refused(t, http.StatusUnprocessableEntity, method, "/v1/things/1", "").want(t, "invalid", "id")
	}
	s.refused(t, http.StatusUnprocessableEntity, "GET", path+"?limit=1&fields=kind", "").want(t, "invalid", "limit", "fields")
	s.refused(t, http.StatusUnprocessableEntity, "PATCH", path+"?dry_run=1", `{}`).want(t, "invalid", "dry_run")
}

func TestOfConcurrentPatchesWithTheSameIfMatchOneSucceeds(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	path := s.add(t, "a")
	statuses := make(chan int)
	const clients = 8
	for i := range clients {
		go func() {
			r := httptest.NewRequest(http.MethodPatch, path, strings.NewReader(fmt.Sprintf(`{"name":"%d"}`, i)))
			r.Header.Set("Content-Type", "application/merge-patch+json")
			r.Header.Set("If-Match", `"1"`)
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			statuses <- w.Code
		}()
	}
	got := map[int]int{}
	for range clients {
		got[<-statuses]++
	}
	if want := map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: clients - 1}; !maps.Equal(got, want) {
		t.Errorf("responses by status = %v, want %v", got, want)
	}
}
