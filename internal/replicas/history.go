package replicas

import (
	"sort"
	"sync"
	"time"

	"commitment/internal/pgtx"
)

// maxSamples limits the history: the longest lag that is measured, in intervals.
const maxSamples = 600

// history is where the primary was when: a replica lags by the age of the oldest sample
// that it hasn't replayed.
type history struct {
	mu       sync.Mutex
	timeline uint32
	samples  []sample // by time, and by LSN
}

type sample struct {
	at  time.Time
	lsn uint64
}

// add notes the primary's position.
func (h *history) add(p pgtx.Position, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.Timeline != h.timeline {
		h.timeline, h.samples = p.Timeline, nil
	}
	if n := len(h.samples); n > 0 && p.LSN <= h.samples[n-1].lsn {
		return // nothing was written
	}
	if len(h.samples) == maxSamples {
		h.samples = append(h.samples[:0], h.samples[1:]...)
	}
	h.samples = append(h.samples, sample{at, p.LSN})
}

// lag returns how far a replica is behind.
func (h *history) lag(p pgtx.Position, now time.Time) (time.Duration, uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := sort.Search(len(h.samples), func(i int) bool { return h.samples[i].lsn > p.LSN })
	if first == len(h.samples) || p.Timeline != h.timeline {
		return 0, 0
	}
	return now.Sub(h.samples[first].at), h.samples[len(h.samples)-1].lsn - p.LSN
}
