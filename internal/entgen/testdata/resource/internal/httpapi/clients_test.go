package httpapi

import (
	"testing"

	"commitment/internal/openapitest"
)

// TestGeneratedClients has generated clients use batches.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	openapitest.Clients(t, newService(t).url, "testdata/clients")
}
