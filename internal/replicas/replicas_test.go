package replicas

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // a driver for pools that are never connected

	"commitment/internal/logtest"
	"commitment/internal/pgtx"
)

// fixture is a set of replicas that nobody checks, on a known timeline.
func fixture(t *testing.T, names ...string) (*Set, []*Replica, *logtest.Buffer) {
	t.Helper()
	var all []*Replica
	for _, name := range names {
		pool, err := sql.Open("pgx", "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pool.Close() })
		all = append(all, &Replica{Name: name, Pool: pool, Probe: pool})
	}
	log := &logtest.Buffer{}
	s := New(nil, all, Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	s.Observe(pgtx.Position{Timeline: 2, LSN: 100})
	s.database.Store("ours")
	return s, all, log
}

// serves has a replica pass its check at an LSN.
func (s *Set) serves(r *Replica, lsn uint64) {
	r.advanceTo(lsn)
	s.set(context.Background(), r, Status{Name: r.Name}, nil)
}

func TestPick(t *testing.T) {
	t.Parallel()
	s, all, _ := fixture(t, "a", "b")
	want := func(after pgtx.Position, names, reason string) {
		t.Helper()
		picked := map[string]bool{}
		for range 4 {
			r, at, why := s.Pick(after)
			switch {
			case r != nil && at.Timeline != 2:
				t.Errorf("Pick(%v) is to check timeline %d, want 2", after, at.Timeline)
			case r != nil:
				picked[r.Name] = true
			case why != reason:
				t.Errorf("Pick(%v) = %q, want %q", after, why, reason)
			}
		}
		got := ""
		for _, r := range all {
			if picked[r.Name] {
				got += r.Name
			}
		}
		if got != names {
			t.Errorf("Pick(%v) picked %q, want %q", after, got, names)
		}
	}
	want(pgtx.Position{}, "", Unavailable)
	s.serves(all[0], 10)
	want(pgtx.Position{}, "a", "")
	s.serves(all[1], 20)
	want(pgtx.Position{}, "ab", "")
	want(pgtx.Position{Timeline: 2, LSN: 10}, "ab", "")
	want(pgtx.Position{Timeline: 2, LSN: 15}, "b", "") // it is known to have replayed it
	want(pgtx.Position{Timeline: 2, LSN: 30}, "ab", "")
	want(pgtx.Unreached(2), "", Behind) // no client waits for it
	all[1].Missed(pgtx.Position{LSN: 30})
	want(pgtx.Position{Timeline: 2, LSN: 30}, "a", "")
	all[0].Missed(pgtx.Position{LSN: 30})
	want(pgtx.Position{Timeline: 2, LSN: 30}, "", Behind)
	want(pgtx.Position{Timeline: 1, LSN: 5}, "", Timeline)
	want(pgtx.Position{Timeline: 3, LSN: 5}, "", Timeline)
	s.Failed(t.Context(), all[1], errors.New("gone"))
	want(pgtx.Position{}, "a", "")
}

func TestFit(t *testing.T) {
	t.Parallel()
	s, _, _ := fixture(t)
	for _, tt := range []struct {
		timeline uint32
		database string
		lag      time.Duration
		want     string
	}{
		{2, "ours", 0, ""},
		{2, "ours", 10 * time.Second, ""},
		{2, "ours", 11 * time.Second, "it lags by more than 10s"},
		{1, "ours", 0, "it follows timeline 1, and the primary's is 2"},
		{2, "theirs", 0, "it is a replica of another database"},
	} {
		got := ""
		if err := s.fit(pgtx.Report{Position: pgtx.Position{Timeline: tt.timeline}, Database: tt.database}, tt.lag); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("fit(%d, %s, %v) = %q, want %q", tt.timeline, tt.database, tt.lag, got, tt.want)
		}
	}
	if err := New(nil, nil, Options{}).fit(pgtx.Report{Position: pgtx.Position{Timeline: 1}}, 0); !errors.Is(err, errNoPrimary) {
		t.Errorf("fit() = %v, want %v", err, errNoPrimary)
	}
}

func TestLag(t *testing.T) {
	t.Parallel()
	var h history
	start := time.Unix(0, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	for i, lsn := range []uint64{10, 20, 20, 30} {
		h.add(pgtx.Position{Timeline: 1, LSN: lsn}, at(i))
	}
	for lsn, want := range map[uint64]time.Duration{30: 0, 31: 0, 29: 2 * time.Second, 20: 2 * time.Second, 19: 4 * time.Second, 1: 5 * time.Second} {
		lag, bytes := h.lag(pgtx.Position{Timeline: 1, LSN: lsn}, at(5))
		if wantBytes := 30 - min(lsn, 30); lag != want || bytes != wantBytes {
			t.Errorf("lag(%d) = %v, %d, want %v, %d", lsn, lag, bytes, want, wantBytes)
		}
	}
	h.add(pgtx.Position{Timeline: 2, LSN: 40}, at(6))
	if lag, _ := h.lag(pgtx.Position{Timeline: 2, LSN: 35}, at(7)); lag != time.Second {
		t.Errorf("lag on the new timeline = %v, want 1s", lag)
	}
	for i := range 2 * maxSamples {
		h.add(pgtx.Position{Timeline: 2, LSN: uint64(100 + i)}, at(i))
	}
	if got := len(h.samples); got != maxSamples {
		t.Errorf("samples = %d, want %d", got, maxSamples)
	}
}

func TestTheLogHasChangesOnly(t *testing.T) {
	t.Parallel()
	s, all, log := fixture(t, "a")
	for range 3 {
		s.Failed(t.Context(), all[0], errors.New("gone"))
	}
	for range 3 {
		s.serves(all[0], 10)
	}
	for range 3 {
		s.Failed(t.Context(), all[0], errors.New("gone"))
	}
	var got []string
	for line := range strings.Lines(log.String()) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), "level=")
		got = append(got, line)
	}
	left := `WARN msg="replica left out" replica=a error=gone`
	want := []string{left, `INFO msg="replica serves reads" replica=a`, left}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("log = %q, want %q", got, want)
	}
}

func TestAReplicaIsVerifiedOnce(t *testing.T) {
	t.Parallel()
	_, all, _ := fixture(t, "a")
	errRole, calls := errors.New("a superuser"), 0
	all[0].Verify = func(context.Context) error {
		calls++
		if calls == 1 {
			return errRole
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody is asked
	if _, err := all[0].ask(ctx); !errors.Is(err, errRole) {
		t.Errorf("ask() = %v, want %v", err, errRole)
	}
	for range 3 {
		if _, err := all[0].ask(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("ask() = %v, want %v", err, context.Canceled)
		}
	}
	if calls != 2 {
		t.Errorf("Verify was called %d times, want 2", calls)
	}
}
