package replicas

import (
	"math"
	"time"

	"commitment/internal/pgtx"
)

// missedFor is how long a replica isn't tried again for a position that it hadn't
// replayed.
const missedFor = 10 * time.Millisecond

// Up reports whether the replica serves reads.
func (r *Replica) Up() bool { return r.up.Load() }

// advanceTo notes that the replica has replayed an LSN.
func (r *Replica) advanceTo(lsn uint64) {
	for {
		known := r.replayed.Load()
		if lsn <= known || r.replayed.CompareAndSwap(known, lsn) {
			return
		}
	}
}

// Served notes the position at which the replica has served a read.
func (r *Replica) Served(at pgtx.Position) { r.advanceTo(at.LSN - min(at.LSN, 1)) } // it may be one byte ahead

// Missed notes that the replica hadn't replayed a position yet.
func (r *Replica) Missed(after pgtx.Position) {
	r.missed.Store(after.LSN)
	r.missedAt.Store(time.Now().UnixNano())
}

// likely reports whether it makes sense to ask the replica for an LSN, unless it is never
// reached: see [pgtx.Unreached].
func (r *Replica) likely(lsn uint64) bool {
	if lsn == math.MaxUint64 {
		return false
	}
	return lsn <= r.replayed.Load() || lsn < r.missed.Load() || time.Now().UnixNano()-r.missedAt.Load() > int64(missedFor)
}

// busy reports whether a read would wait for a connection.
func (r *Replica) busy() bool {
	stats := r.Pool.Stats()
	return stats.MaxOpenConnections > 0 && stats.InUse >= stats.MaxOpenConnections
}

// Why a read goes to the primary, for metrics.
const (
	Unavailable = "unavailable" // no replica serves
	Behind      = "behind"      // no replica has replayed the position
	Timeline    = "timeline"    // the position is on another timeline than the replicas
)

// Pick returns a replica for a read that is to see all that was committed before a
// position, and the position to have it check. They take turns; one that is known to have
// replayed the position comes first, and one whose connections are all in use last. If
// there is none, it says why.
func (s *Set) Pick(after pgtx.Position) (*Replica, pgtx.Position, string) {
	timeline := s.timeline.Load()
	if after.Timeline != 0 && after.Timeline != timeline {
		return nil, after, Timeline
	}
	after.Timeline = timeline
	reason, turn := Unavailable, s.next.Add(1)
	var best *Replica
	score := 0
	for i := range s.replicas {
		r := s.replicas[(turn+uint64(i))%uint64(len(s.replicas))]
		if !r.Up() {
			continue
		}
		if !r.likely(after.LSN) {
			reason = Behind
			continue
		}
		this := 1
		if !r.busy() {
			this += 2
		}
		if after.LSN <= r.replayed.Load() {
			this++
		}
		if this > score {
			best, score = r, this
		}
	}
	return best, after, reason
}
