package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/httpapi"
)

// trialBalance reads the trial balance.
func (s *service) trialBalance(t *testing.T) []httpapi.Balance {
	t.Helper()
	a := s.send(t, "GET", "/v1/trial-balance", "").want(t, http.StatusOK)
	return decode[pageBody[httpapi.Balance]](t, a).Items
}

func TestTrialBalance(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if a := s.send(t, "GET", "/v1/trial-balance", "").want(t, http.StatusOK); a.body != `{"items":[]}`+"\n" {
		t.Errorf("body = %s, want no items", a.body)
	}
	s.refused(t, http.StatusUnprocessableEntity, "GET", "/v1/trial-balance?limit=1", "").want(t, "invalid", "limit")
	bank, cash := s.open(t, "bank", "EUR", true), s.open(t, "cash", "EUR", false)
	s.open(t, "dollars", "USD", false)
	s.move(t, bank.ID, cash.ID, 5)
	s.move(t, cash.ID, bank.ID, 3)
	want := []httpapi.Balance{{Currency: "EUR", Accounts: 2, Entries: 4}, {Currency: "USD", Accounts: 1}}
	if diff := cmp.Diff(want, s.trialBalance(t)); diff != "" {
		t.Errorf("trial balance (-want +got):\n%s", diff)
	}
}
