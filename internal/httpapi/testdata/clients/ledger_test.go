// Package clients uses the service at API as its clients do: by a client that
// oapi-codegen has generated from the service's own document.
package clients

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func newClient(t *testing.T) *ClientWithResponses {
	t.Helper()
	client, err := NewClientWithResponses(os.Getenv("API"))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// unique is a name that no other run has.
func unique(name string) string { return fmt.Sprintf("%s %d", name, time.Now().UnixNano()) }

// open opens an account.
func open(t *testing.T, client *ClientWithResponses, allowNegative bool) *Account {
	t.Helper()
	resp, err := client.CreateAccountWithResponse(t.Context(), nil, AccountCreate{
		Name: unique("Go"), Currency: "EUR", AllowNegative: &allowNegative,
	})
	if err != nil || resp.JSON201 == nil {
		t.Fatalf("open an account: %v, %s %s", err, resp.Status(), resp.Body)
	}
	if got, want := resp.Headers201.Location, "/v1/accounts/"+resp.JSON201.Id.String(); got != want {
		t.Errorf("Location = %q, want %q", got, want)
	}
	return resp.JSON201
}

func TestPages(t *testing.T) {
	client := newClient(t)
	var want, got []string
	for range 3 {
		want = append(want, open(t, client, false).Id.String())
	}
	params := &ListAccountsParams{Limit: new(2)}
	for {
		resp, err := client.ListAccountsWithResponse(t.Context(), params)
		if err != nil || resp.JSON200 == nil {
			t.Fatalf("list accounts: %v, %s %s", err, resp.Status(), resp.Body)
		}
		for _, a := range resp.JSON200.Items {
			got = append(got, a.Id.String())
		}
		if params.After = resp.JSON200.Next; params.After == nil {
			break
		}
	}
	if missing := slices.DeleteFunc(want, func(id string) bool { return slices.Contains(got, id) }); len(missing) > 0 {
		t.Errorf("accounts = %v, want %v in them", got, missing)
	}
}

func TestAFilterAndAnExpansion(t *testing.T) {
	client := newClient(t)
	from, to := open(t, client, true), open(t, client, false)
	accounts, err := client.ListAccountsWithResponse(t.Context(), &ListAccountsParams{NameIn: &[]string{from.Name, to.Name}, Sort: new("-name")})
	if err != nil || accounts.JSON200 == nil || len(accounts.JSON200.Items) != 2 || accounts.JSON200.Items[0].Name != to.Name {
		t.Fatalf("list accounts: %v, %s %s, want the two", err, accounts.Status(), accounts.Body)
	}
	moved, err := client.MoveMoneyWithResponse(t.Context(), nil, MoveMoneyRequest{From: from.Id, To: to.Id, Amount: 1})
	if err != nil || moved.JSON201 == nil {
		t.Fatalf("move money: %v, %s %s", err, moved.Status(), moved.Body)
	}
	entries, err := client.ListEntriesWithResponse(t.Context(), &ListEntriesParams{AccountId: &to.Id, Expand: &[]string{"account"}})
	if err != nil || entries.JSON200 == nil || len(entries.JSON200.Items) != 1 || entries.JSON200.Items[0].Account.Name != to.Name {
		t.Errorf("entries = %v, %s %s, want one with its account", err, entries.Status(), entries.Body)
	}
}

func TestAPatchOfAnOldVersion(t *testing.T) {
	client := newClient(t)
	account := open(t, client, false)
	read, err := client.ReadAccountWithResponse(t.Context(), account.Id, nil)
	if err != nil || read.JSON200 == nil || *read.JSON200 != *account {
		t.Fatalf("read the account: %v, %s %s, want %v", err, read.Status(), read.Body, account)
	}
	params := &PatchAccountParams{IfMatch: &read.Headers200.ETag}
	for _, stale := range []bool{false, true} {
		name := unique("renamed")
		resp, err := client.PatchAccountWithApplicationMergePatchPlusJSONBodyWithResponse(t.Context(), account.Id, params, AccountPatch{Name: &name})
		switch {
		case err != nil:
			t.Fatal(err)
		case !stale && (resp.JSON200 == nil || resp.JSON200.Name != name || resp.JSON200.Version != 2):
			t.Errorf("rename = %s %s, want version 2 with the name", resp.Status(), resp.Body)
		case stale && (resp.ApplicationproblemJSON412 == nil || resp.ApplicationproblemJSON412.Type != "urn:problem-type:stale"):
			t.Errorf("rename an old version = %s %s, want 412 and a problem", resp.Status(), resp.Body)
		}
	}
}

func TestARetriedTransferMovesMoneyOnce(t *testing.T) {
	client := newClient(t)
	from, to := open(t, client, true), open(t, client, false)
	key := unique("key")
	params := &MoveMoneyParams{IdempotencyKey: new(strings.ReplaceAll(key, " ", "-"))}
	const amount = 1<<53 - 1
	for _, replayed := range []bool{false, true} {
		resp, err := client.MoveMoneyWithResponse(t.Context(), params, MoveMoneyRequest{From: from.Id, To: to.Id, Amount: amount})
		if err != nil || resp.JSON201 == nil {
			t.Fatalf("move money: %v, %s %s", err, resp.Status(), resp.Body)
		}
		if got := resp.Headers201.IdempotentReplayed != nil; got != replayed {
			t.Errorf("replayed = %v, want %v", got, replayed)
		}
	}
	read, err := client.ReadAccountWithResponse(t.Context(), to.Id, nil)
	if err != nil || read.JSON200 == nil || read.JSON200.Balance != amount {
		t.Errorf("account = %v, %s %s, want a balance of %d", err, read.Status(), read.Body, amount)
	}
	entries, err := client.ListAccountEntriesWithResponse(t.Context(), to.Id, nil)
	if err != nil || entries.JSON200 == nil || len(entries.JSON200.Items) != 1 {
		t.Errorf("entries = %v, %s %s, want one", err, entries.Status(), entries.Body)
	}
}

func TestRefusals(t *testing.T) {
	client := newClient(t)
	from, to := open(t, client, false), open(t, client, false)
	refused, err := client.MoveMoneyWithResponse(t.Context(), nil, MoveMoneyRequest{From: from.Id, To: to.Id, Amount: 1})
	if err != nil || refused.ApplicationproblemJSON422 == nil || refused.ApplicationproblemJSON422.Type != "urn:problem-type:insufficient-funds" {
		t.Errorf("move money = %v, %s %s, want 422 insufficient-funds", err, refused.Status(), refused.Body)
	}
	taken, err := client.CreateAccountWithResponse(t.Context(), nil, AccountCreate{Name: from.Name, Currency: "EUR"})
	if err != nil || taken.ApplicationproblemJSON409 == nil || (*taken.ApplicationproblemJSON409.Errors)[0].Pointer == nil {
		t.Errorf("open an account = %v, %s %s, want 409 at a member", err, taken.Status(), taken.Body)
	}
	deleted, err := client.DeleteAccountWithResponse(t.Context(), from.Id, nil)
	if err != nil || deleted.StatusCode() != http.StatusNoContent {
		t.Errorf("delete = %v, %s %s, want 204", err, deleted.Status(), deleted.Body)
	}
	gone, err := client.ReadAccountWithResponse(t.Context(), from.Id, nil)
	if err != nil || gone.ApplicationproblemJSON404 == nil {
		t.Errorf("read = %v, %s %s, want 404", err, gone.Status(), gone.Body)
	}
}
