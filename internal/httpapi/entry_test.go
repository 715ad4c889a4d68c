package httpapi_test

import (
	"maps"
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
	nested := "/v1/accounts/" + cash.ID.String() + "/entries?"
	lists := []string{nested, "/v1/entries?account_id=" + cash.ID.String() + "&"}
	for _, path := range lists {
		if a := s.send(t, "GET", path, "").want(t, http.StatusOK); a.body != `{"items":[]}`+"\n" {
			t.Errorf("body = %s, want no items and no next", a.body)
		}
	}
	var want []resource.Entry // the newest first
	for amount := range int64(4) {
		made := s.move(t, bank.ID, cash.ID, amount+1)
		want = append([]resource.Entry{{AccountID: cash.ID, TransferID: made.ID, Amount: made.Amount}}, want...)
	}
	for limit, pages := range map[int]int{1: 4, 2: 2, 3: 2, 4: 1, 200: 1} {
		for _, path := range lists {
			got, n := walk[resource.Entry](t, s, path, limit)
			if diff := cmp.Diff(want, got, ignoreMade); diff != "" || n != pages {
				t.Errorf("limit %d of %s: %d pages, want %d (-want +got):\n%s", limit, path, n, pages, diff)
			}
		}
	}
	listed := page[resource.Entry](t, s, nested).Items[0]
	read := decode[resource.Entry](t, s.send(t, "GET", "/v1/entries/"+listed.ID.String(), "").want(t, http.StatusOK))
	if diff := cmp.Diff(listed, read, unexpanded); diff != "" {
		t.Errorf("entry (-listed +read):\n%s", diff)
	}
	s.refused(t, http.StatusNotFound, "GET", "/v1/accounts/"+uuid.NewString()+"/entries", "").want(t, "not-found")
	s.refused(t, http.StatusNotFound, "GET", "/v1/entries/"+uuid.NewString(), "").want(t, "not-found")
	for _, query := range []string{"account_id=x", "amount=1", "memo=x", "sort=amount"} {
		blamed := map[string]string{"sort=amount": "sort"}[query]
		if blamed == "" {
			blamed = query[:len(query)-2]
		}
		s.refused(t, http.StatusUnprocessableEntity, "GET", "/v1/entries?"+query, "").want(t, "invalid", blamed)
	}
}

func TestExpandEntries(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bank, cash := s.open(t, "bank", "EUR", true), s.open(t, "cash", "EUR", false)
	made := s.move(t, bank.ID, cash.ID, 5)
	type transfer struct {
		ID      uuid.UUID
		Entries pageBody[struct {
			Amount  int64
			Account struct{ Name string }
		}]
	}
	read := decode[transfer](t, s.send(t, "GET", "/v1/transfers/"+made.ID.String()+"?expand=entries.account", "").want(t, http.StatusOK))
	got := map[string]int64{}
	for _, e := range read.Entries.Items {
		got[e.Account.Name] = e.Amount
	}
	if want := map[string]int64{"bank": -5, "cash": 5}; !maps.Equal(got, want) || read.ID != made.ID {
		t.Errorf("entries = %v, want %v", got, want)
	}
	listed := page[struct{ Transfer resource.Transfer }](t, s, "/v1/accounts/"+cash.ID.String()+"/entries?expand=transfer")
	if diff := cmp.Diff(made, listed.Items[0].Transfer, unexpanded); diff != "" {
		t.Errorf("transfer (-made +in its entry):\n%s", diff)
	}
	s.refused(t, http.StatusUnprocessableEntity, "GET", "/v1/accounts?expand=entries", "").want(t, "invalid", "expand")
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
