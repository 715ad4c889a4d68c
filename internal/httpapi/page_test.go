package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
)

// pageBody is a page of any list.
type pageBody[T any] struct {
	Items []T
	Next  string
}

// walk reads a list page by page to its end.
func walk[T any](t *testing.T, s *service, path string, limit int) (items []T, pages int) {
	t.Helper()
	for after := ""; pages == 0 || after != ""; pages++ {
		query := fmt.Sprintf("?limit=%d", limit)
		if after != "" {
			query += "&after=" + after
		}
		page := decode[pageBody[T]](t, s.send(t, "GET", path+query, "").want(t, http.StatusOK))
		if len(page.Items) > limit {
			t.Fatalf("items = %d, want at most %d", len(page.Items), limit)
		}
		items, after = append(items, page.Items...), page.Next
	}
	return items, pages
}

func TestPageDefaults(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.exec(t, `INSERT INTO accounts (id, created_at, updated_at, name, currency)
		SELECT gen_random_uuid(), now(), now(), n::text, 'EUR' FROM generate_series(1, 201) n`)
	for query, want := range map[string]int{"": 50, "?limit=200": 200} {
		page := decode[pageBody[any]](t, s.send(t, "GET", "/v1/accounts"+query, "").want(t, http.StatusOK))
		if len(page.Items) != want || page.Next == "" {
			t.Errorf("%q: items = %d, next %q, want %d and a next", query, len(page.Items), page.Next, want)
		}
	}
}

func TestPageRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	entries := "/v1/accounts/" + s.open(t, "cash", "EUR", false).ID.String() + "/entries"
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
		{"after=abc", 422, "invalid", []string{"after"}},
		{"after=" + uuid.NewString() + "x", 422, "invalid", []string{"after"}},
		{"limit=x&after=y", 422, "invalid", []string{"limit", "after"}},
		{"before=1&offset=2", 422, "invalid", []string{"before", "offset"}},
		{"Limit=5", 422, "invalid", []string{"Limit"}},
		{"after=%zz", 400, "malformed", nil},
		{"limit=5;after=x", 400, "malformed", nil},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			for _, path := range []string{"/v1/accounts", entries} {
				s.refused(t, tt.status, "GET", path+"?"+tt.query, "").want(t, tt.code, tt.blamed...)
			}
		})
	}
	s.refused(t, 422, "GET", "/v1/accounts/x/entries?limit=0", "").want(t, "invalid", "id", "limit")
	s.refused(t, 422, "GET", "/v1/trial-balance?limit=1", "").want(t, "invalid", "limit")
	s.refused(t, 422, "POST", "/v1/accounts?dry_run=1", `{"name":"x","currency":"EUR"}`).want(t, "invalid", "dry_run")
}
