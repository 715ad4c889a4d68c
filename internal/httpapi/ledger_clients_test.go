package httpapi_test

import (
	"testing"

	"commitment/internal/openapitest"
)

// TestGeneratedClients has generated clients use the ledger: testdata/clients says what for.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	openapitest.Clients(t, newService(t).url, "testdata/clients")
}
