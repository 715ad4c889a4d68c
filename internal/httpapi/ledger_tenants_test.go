package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"commitment/ent/resource"
	"commitment/internal/httpapi"
	"commitment/internal/postgres"
)

// TestNoRequestCrossesLedgers is the same for the ledger: two tenants with accounts, of which
// one has the same name, and transfers.
func TestNoRequestCrossesLedgers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o postgres.Options) *matrix {
		t.Helper()
		m := newMatrix(t, o, httpapi.New)
		m.fill = func(t *testing.T, tenant string) {
			t.Helper()
			post := func(path, body string) response {
				return m.as(t, tenant, request{method: "POST", path: path, body: body}).want(t, http.StatusCreated)
			}
			cash := decode[resource.Account](t, post("/v1/accounts", fmt.Sprintf(`{"name":"Cash of %s","currency":"EUR","allow_negative":true}`, tenant)))
			rent := decode[resource.Account](t, post("/v1/accounts", `{"name":"Rent","currency":"EUR"}`))
			post("/v1/transfers", transferBody(cash.ID, rent.ID, 7))
			post("/v1/transfers", transferBody(cash.ID, rent.ID, 5))
		}
		m.bodies = ledgerBodies
		return m
	})
}

// ledgerBodies are those of requests about items.
var ledgerBodies = map[string]func(items) string{
	"POST /v1/accounts": func(about items) string {
		return fmt.Sprintf(`{"name":"new %v","currency":"EUR"}`, about["accounts"]["name"])
	},
	"PATCH /v1/accounts/{id}": func(about items) string {
		return fmt.Sprintf(`{"name":"another %v"}`, about["accounts"]["name"])
	},
	"POST /v1/transfers": func(about items) string {
		return fmt.Sprintf(`{"from":"%v","to":"01a205f2-fac4-72e3-966d-2bc0dbaad08f","amount":1}`, about["accounts"]["id"])
	},
}
