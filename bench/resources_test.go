package main

import (
	"testing"

	"commitment/internal/pgtest"
)

// TestAResourceAllocatesAsHandlersDo compares the allocations of a generated resource with
// those of the handlers by hand, which check less of a request.
//
//nolint:paralleltest // it counts the allocations of the process
func TestAResourceAllocatesAsHandlersDo(t *testing.T) {
	const most = 1.05
	counted := map[cell]float64{}
	for _, p := range resources.peers[:2] {
		url := pgtest.OwnerURL(t)
		prepareAccounts(t, url)
		h, err := p.open(url, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range resources.works {
			w := &resources.works[i]
			a, err := countAllocs(h, w)
			if err != nil {
				t.Fatal(err)
			}
			counted[cell{work: w.name, peer: p.name}] = a.objects
		}
	}
	for _, w := range resources.works {
		own, other := counted[cell{work: w.name, peer: generated}], counted[cell{work: w.name, peer: resources.reference}]
		t.Logf("%s: %.0f allocations, %.0f by hand", w.name, own, other)
		if own > most*other {
			t.Errorf("%s: %.0f allocations, want at most %v times the %.0f by hand", w.name, own, most, other)
		}
	}
}
