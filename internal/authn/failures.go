package authn

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// failureWindow is the time in which failures are counted together.
	failureWindow = time.Minute
	// maxAddresses limits the addresses that are remembered: beyond it, those whose last
	// failure is the longest ago are forgotten.
	maxAddresses = 10_000
)

// failures counts invalid credentials by client address. It is safe for concurrent use.
type failures struct {
	limit int
	now   func() time.Time

	mu        sync.Mutex
	addresses *simplelru.LRU[string, *window]
}

// window is an address's failures since a time.
type window struct {
	since time.Time
	count int
}

// newFailures allows each address that many failures in a window, or any number if it is
// negative.
func newFailures(limit int, now func() time.Time) *failures {
	if now == nil {
		now = time.Now
	}
	addresses, _ := simplelru.NewLRU[string, *window](maxAddresses, nil) // fails only for a size below 1
	return &failures{limit: limit, now: now, addresses: addresses}
}

// add counts a failure. Past the limit it returns how long the address has to wait.
func (f *failures) add(address string) (wait time.Duration) {
	if f.limit < 0 {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	w, ok := f.addresses.Get(address)
	if !ok || now.Sub(w.since) >= failureWindow {
		w = &window{since: now}
		f.addresses.Add(address, w)
	}
	w.count++
	if w.count <= f.limit {
		return 0
	}
	return w.since.Add(failureWindow).Sub(now)
}
