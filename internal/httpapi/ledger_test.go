package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"commitment/ent/resource"
)

// open opens an account.
func (s *service) open(t *testing.T, name, currency string, allowNegative bool) resource.Account {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q,"currency":%q,"allow_negative":%t}`, name, currency, allowNegative)
	return decode[resource.Account](t, s.send(t, "POST", "/v1/accounts", body).want(t, http.StatusCreated))
}

// account reads an account.
func (s *service) account(t *testing.T, id uuid.UUID) resource.Account {
	t.Helper()
	return decode[resource.Account](t, s.send(t, "GET", "/v1/accounts/"+id.String(), "").want(t, http.StatusOK))
}

// transferBody asks for a transfer.
func transferBody(from, to uuid.UUID, amount int64) string {
	return fmt.Sprintf(`{"from":%q,"to":%q,"amount":%d}`, from, to, amount)
}

// move makes a transfer.
func (s *service) move(t *testing.T, from, to uuid.UUID, amount int64) resource.Transfer {
	t.Helper()
	a := s.send(t, "POST", "/v1/transfers", transferBody(from, to, amount))
	return decode[resource.Transfer](t, a.want(t, http.StatusCreated))
}
