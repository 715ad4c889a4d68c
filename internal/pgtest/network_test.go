package pgtest_test

import (
	"testing"

	"commitment/internal/pgtest"
)

func TestAnAddressIsGivenOnce(t *testing.T) {
	t.Parallel()
	given := map[string]bool{}
	for range 2000 {
		address := pgtest.FreeAddress(t)
		if given[address] {
			t.Fatalf("%s was given twice", address)
		}
		given[address] = true
	}
}
