package pgbouncer

import (
	"net"
	"testing"
)

func TestAnAddressIsGivenOnce(t *testing.T) {
	t.Parallel()
	given := map[string]bool{}
	for range 2000 {
		host, port := freeAddress(t)
		address := net.JoinHostPort(host, port)
		if given[address] {
			t.Fatalf("%s was given twice", address)
		}
		given[address] = true
	}
}
