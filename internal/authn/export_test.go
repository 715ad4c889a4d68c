package authn

import (
	"fmt"
	"time"
)

// For tests of the package from outside.
const (
	FetchCooldown = fetchCooldown
	RefreshAfter  = refreshAfter
	StaleAfter    = staleAfter
	KeyTTL        = keyTTL
	MaxAddresses  = maxAddresses
)

// CountAddresses returns how many addresses are remembered after a failure of each of n.
func CountAddresses(n int) int {
	f := newFailures(1, time.Now)
	for i := range n {
		f.add(fmt.Sprint(i))
	}
	return f.addresses.Len()
}
