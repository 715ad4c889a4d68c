package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/httpapi"
)

func TestListEntries(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bank, cash := s.open(t, "bank", "EUR", true), s.open(t, "cash", "EUR", false)
	path := "/v1/accounts/" + cash.ID.String() + "/entries"
	if a := s.send(t, "GET", path, "").want(t, http.StatusOK); a.body != `{"items":[]}`+"\n" {
		t.Errorf("body = %s, want no items and no next", a.body)
	}
	var want []httpapi.Entry // the newest first
	for amount := range int64(4) {
		made := s.move(t, bank.ID, cash.ID, amount+1)
		want = append([]httpapi.Entry{made.Entries[1]}, want...)
	}
	for limit, pages := range map[int]int{1: 4, 2: 2, 3: 2, 4: 1, 200: 1} {
		got, n := walk[httpapi.Entry](t, s, path, limit)
		if diff := cmp.Diff(want, got); diff != "" || n != pages {
			t.Errorf("limit %d: %d pages, want %d (-want +got):\n%s", limit, n, pages, diff)
		}
	}
	s.refused(t, http.StatusNotFound, "GET", "/v1/accounts/"+uuid.NewString()+"/entries", "").want(t, "not-found")
}
