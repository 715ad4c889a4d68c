//go:build e2e

package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"commitment/internal/pgtest"
)

// TestFailover kills the primary under load and promotes its replica, repeatedly:
// requests fail with a 503 while there is no primary, then succeed again, and what was
// acknowledged is there. Jobs run, every request is traced, and whichever of the two
// servers is a replica serves reads.
func TestFailover(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	reads := "DATABASE_REPLICA_URLS=" + pgtest.LoginURL(t, p.proxies[0].URL()) + " " + pgtest.LoginURL(t, p.proxies[1].URL())
	l := newLedger(t, start(t, p.url, traced, reads, "REPLICA_TOKEN_KEY="+strings.Repeat("k", 32)), p.url)
	pgtest.WaitFor(t, "the replica serves reads", func() bool {
		_, ready, err := l.get(t.Context(), "/readyz")
		return err == nil && strings.Contains(string(ready), `"serves":true`)
	})
	rest := l.keepBusy(t.Context(), 8)
	rounds := times(2, 20)
	for n := range rounds {
		if n > 0 {
			p.addReplica()
		}
		p.awaitSynchronous()
		l.await("201", 50)
		p.killPrimary()
		l.await("503", 5)
		p.promote()
		l.await("201", 50)
	}
	rest()
	l.audit(fmt.Sprintf("the primary killed and the replica promoted %d times", rounds))
	l.wantTransactions()
}

// TestReplicaOutOfReach makes COMMITs wait for the replica for longer than the service
// waits, and then loses the primary with everything that only it had: no client may
// have been told that its work is done.
func TestReplicaOutOfReach(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	l := newLedger(t, start(t, p.url, "DB_COMMIT_TIMEOUT=300ms", "DB_OUTCOME_TIMEOUT=300ms"), p.url)
	rest := l.keepBusy(t.Context(), 4)
	p.awaitSynchronous()
	p.isolate()
	l.await("503 outcome-unknown", 1)
	p.killPrimary()
	p.promote()
	l.await("201", 50)
	rest()
	l.audit("the primary lost while it waited for its replica")
}

// keepBusy has as many clients insist on transfers, with keys, and as many send
// theirs once, without, until it is told to stop.
func (l *ledger) keepBusy(ctx context.Context, clients int) (stop func()) {
	var all sync.WaitGroup
	stopped := make(chan struct{})
	until := func(send func() error) {
		for {
			select {
			case <-stopped:
				return
			case <-time.After(time.Millisecond):
			}
			if err := send(); err != nil {
				l.t.Error(err)
				return
			}
		}
	}
	for range clients {
		all.Go(func() { until(func() error { return l.insist(ctx) }) })
		all.Go(func() {
			until(func() error {
				l.transfer(ctx, "")
				return nil
			})
		})
	}
	return func() {
		close(stopped)
		all.Wait()
	}
}

// await waits until an answer that begins in this way was given n more times.
func (l *ledger) await(begin string, n int) {
	l.t.Helper()
	count := func() (sum int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for said, n := range l.answers {
			if strings.HasPrefix(said, begin) {
				sum += n
			}
		}
		return sum
	}
	want := count() + n
	pgtest.WaitFor(l.t, fmt.Sprintf("%d more are answered %q", n, begin), func() bool { return count() >= want })
}
