package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/ent/resource"
)

func TestListEntries(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bank, cash := s.open(t, "bank", "EUR", true), s.open(t, "cash", "EUR", false)
	path := "/v1/entries?account_id=" + cash.ID.String()
	if a := s.send(t, "GET", path, "").want(t, http.StatusOK); a.body != `{"items":[]}`+"\n" {
		t.Errorf("body = %s, want no items and no next", a.body)
	}
	var want []resource.Entry // the newest first
	for amount := range int64(4) {
		made := s.move(t, bank.ID, cash.ID, amount+1)
		want = append([]resource.Entry{{AccountID: cash.ID, TransferID: made.ID, Amount: made.Amount}}, want...)
	}
	for limit, pages := range map[int]int{1: 4, 2: 2, 3: 2, 4: 1, 200: 1} {
		got, n := walk[resource.Entry](t, s, path+"&", limit)
		if diff := cmp.Diff(want, got, ignoreMade); diff != "" || n != pages {
			t.Errorf("limit %d: %d pages, want %d (-want +got):\n%s", limit, n, pages, diff)
		}
		if n := len(got); n > 0 {
			read := decode[resource.Entry](t, s.send(t, "GET", "/v1/entries/"+got[0].ID.String(), "").want(t, http.StatusOK))
			if diff := cmp.Diff(got[0], read); diff != "" {
				t.Errorf("entry (-listed +read):\n%s", diff)
			}
		}
	}
	s.refused(t, http.StatusNotFound, "GET", "/v1/entries/"+uuid.NewString(), "").want(t, "not-found")
	for _, query := range []string{"account_id=x", "amount=1", "memo=x", "sort=amount"} {
		blamed := map[string]string{"sort=amount": "sort"}[query]
		if blamed == "" {
			blamed = query[:len(query)-2]
		}
		s.refused(t, http.StatusUnprocessableEntity, "GET", "/v1/entries?"+query, "").want(t, "invalid", blamed)
	}
}

func TestEntriesAndTransfersAreOnlyRead(t *testing.T) {
	t.Parallel()
	s := newService(t)
	made := s.move(t, s.open(t, "bank", "EUR", true).ID, s.open(t, "cash", "EUR", false).ID, 5)
	for _, path := range []string{"/v1/entries/" + uuid.NewString(), "/v1/transfers/" + made.ID.String()} {
		for method, body := range map[string]string{"PATCH": "{}", "PUT": "{}", "DELETE": ""} {
			s.refused(t, http.StatusMethodNotAllowed, method, path, body)
		}
	}
	s.refused(t, http.StatusMethodNotAllowed, "POST", "/v1/entries", `{}`)
}
