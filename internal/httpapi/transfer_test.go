package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"commitment/ent/resource"
	"commitment/internal/rest"
)

// unexpanded ignores the edges, which nothing expands; and ignoreMade, what differs in
// each entry, too.
var (
	unexpanded = cmpopts.IgnoreTypes(rest.Expanded{})
	ignoreMade = cmp.Options{unexpanded, cmpopts.IgnoreFields(resource.Entry{}, "ID", "CreatedAt")}
)

func TestMoveMoney(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bank, cash := s.open(t, "bank", "EUR", true), s.open(t, "cash", "EUR", false)
	memo := strings.Repeat("é", 500)
	body := fmt.Sprintf(`{"from":%q,"to":%q,"amount":70,"memo":%q}`, bank.ID, cash.ID, memo)
	a := s.send(t, "POST", "/v1/transfers", body).want(t, http.StatusCreated)
	made := decode[resource.Transfer](t, a)
	a.wantHeader(t, "Location", "/v1/transfers/"+made.ID.String())
	if diff := cmp.Diff(resource.Transfer{ID: made.ID, Amount: 70, Memo: memo, CreatedAt: made.CreatedAt}, made, unexpanded); diff != "" {
		t.Errorf("transfer (-want +got):\n%s", diff)
	}
	want := map[uuid.UUID]resource.Entry{
		bank.ID: {TransferID: made.ID, AccountID: bank.ID, Amount: -70},
		cash.ID: {TransferID: made.ID, AccountID: cash.ID, Amount: 70},
	}
	got := map[uuid.UUID]resource.Entry{}
	for _, e := range page[resource.Entry](t, s, "/v1/entries?transfer_id="+made.ID.String()).Items {
		got[e.AccountID] = e
	}
	if diff := cmp.Diff(want, got, ignoreMade); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if read := s.send(t, "GET", a.header.Get("Location"), "").want(t, http.StatusOK); read.body != a.body {
		t.Errorf("read = %s, want %s", read.body, a.body)
	}
	for id, want := range map[uuid.UUID]int64{bank.ID: -70, cash.ID: 70} {
		got := s.send(t, "GET", "/v1/accounts/"+id.String(), "").want(t, http.StatusOK)
		got.wantHeader(t, "ETag", `"2"`)
		if balance := decode[resource.Account](t, got).Balance; balance != want {
			t.Errorf("balance = %d, want %d", balance, want)
		}
	}
}

func TestMoveMoneyRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bank, cash, dollars := s.open(t, "bank", "EUR", true), s.open(t, "cash", "EUR", false), s.open(t, "dollars", "USD", true)
	s.move(t, bank.ID, cash.ID, 100)
	ask := func(amount string) string {
		return fmt.Sprintf(`{"from":%q,"to":%q,"amount":%s}`, bank.ID, cash.ID, amount)
	}
	tests := []struct {
		name, body string
		code       string
		blamed     []string
	}{
		{"insufficient funds", transferBody(cash.ID, bank.ID, 101), "insufficient-funds", []string{"#/amount"}},
		{"the same account", transferBody(cash.ID, cash.ID, 1), "same-account", []string{"#/to"}},
		{"an unknown account to take from", transferBody(uuid.New(), cash.ID, 1), "unknown-account", []string{"#/from"}},
		{"an unknown account to give to", transferBody(cash.ID, uuid.New(), 1), "unknown-account", []string{"#/to"}},
		{"different currencies", transferBody(dollars.ID, cash.ID, 1), "currency-mismatch", []string{"#/to"}},
		{"more than JavaScript reads exactly", ask("9007199254740992"), "invalid", []string{"#/amount"}},
		{"zero", ask("0"), "invalid", []string{"#/amount"}},
		{"less than zero", ask("-1"), "invalid", []string{"#/amount"}},
		{"a fraction", ask("1.5"), "invalid", []string{"#/amount"}},
		{"a fraction of nothing", ask("1.0"), "invalid", []string{"#/amount"}},
		{"an exponent", ask("1e3"), "invalid", []string{"#/amount"}},
		{"one more than an int64 holds", ask("9223372036854775808"), "invalid", []string{"#/amount"}},
		{"far more than an int64 holds", ask("1e30"), "invalid", []string{"#/amount"}},
		{"text", ask(`"5"`), "invalid", []string{"#/amount"}},
		{"null", ask("null"), "invalid", []string{"#/amount"}},
		{"a second amount in another case", ask(`1,"Amount":-5`), "invalid", []string{"#/Amount"}},
		{"everything that is missing", `{}`, "invalid", []string{"#/from", "#/to", "#/amount"}},
		{"everything that is wrong", `{"from":"x","to":1,"amount":0,"memo":"` + strings.Repeat("é", 501) + `","fee":1}`, "invalid",
			[]string{"#/from", "#/to", "#/amount", "#/memo", "#/fee"}},
		{"NUL in a memo", ask(`1,"memo":"a\u0000"`), "invalid", []string{"#/memo"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.refused(t, http.StatusUnprocessableEntity, "POST", "/v1/transfers", tt.body).want(t, tt.code, tt.blamed...)
		})
	}
	s.refused(t, http.StatusBadRequest, "POST", "/v1/transfers", ask("1e400")).want(t, "malformed", "#")
}

func TestMoveMoneyCountsToTheLastUnit(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bank, vault := s.open(t, "bank", "EUR", true), s.open(t, "vault", "EUR", false)
	const most = 9007199254740991 // 2^53 - 1: JavaScript can't tell one more from two more
	if made := s.move(t, bank.ID, vault.ID, most); made.Amount != most {
		t.Errorf("amount = %d, want %d", made.Amount, int64(most))
	}
	for id, want := range map[uuid.UUID]int64{bank.ID: -most, vault.ID: most} {
		if balance := s.account(t, id).Balance; balance != want {
			t.Errorf("balance = %d, want %d", balance, want)
		}
	}
	more := transferBody(bank.ID, s.open(t, "other", "EUR", false).ID, 1) // the bank's balance would pass it
	s.refused(t, http.StatusUnprocessableEntity, "POST", "/v1/transfers", more).want(t, "amount-too-large", "#/amount")
	more = transferBody(s.open(t, "second bank", "EUR", true).ID, vault.ID, 1)
	s.refused(t, http.StatusUnprocessableEntity, "POST", "/v1/transfers", more).want(t, "amount-too-large", "#/amount")
	s.move(t, vault.ID, bank.ID, most-1)
	if balance := s.account(t, vault.ID).Balance; balance != 1 {
		t.Errorf("balance = %d, want 1", balance)
	}
}

func TestListTransfers(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bank, cash := s.open(t, "bank", "EUR", true), s.open(t, "cash", "EUR", false)
	var want []resource.Transfer // the newest first
	for amount := range int64(3) {
		want = append([]resource.Transfer{s.move(t, bank.ID, cash.ID, amount+1)}, want...)
	}
	got, pages := walk[resource.Transfer](t, s, "/v1/transfers?", 2)
	if diff := cmp.Diff(want, got, unexpanded); diff != "" || pages != 2 {
		t.Errorf("%d pages, want 2 (-want +got):\n%s", pages, diff)
	}
}

func TestReadTransferRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.refused(t, http.StatusNotFound, "GET", "/v1/transfers/"+uuid.NewString(), "").want(t, "not-found")
	s.refused(t, http.StatusUnprocessableEntity, "GET", "/v1/transfers/x", "").want(t, "invalid", "id")
}
