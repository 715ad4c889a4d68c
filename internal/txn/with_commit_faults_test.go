package txn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/levers"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtx"
	"commitment/internal/txn"
)

// Whatever happens to the flight of the writes and COMMIT, the work is done once, or the
// error says that it wasn't done.
func TestTheFlightOfWritesAndCommitIsCut(t *testing.T) {
	t.Parallel()
	if !levers.WaitingWrites {
		t.Skip("writes do not wait for COMMIT")
	}
	atWrite, atSync := pgproxy.AtStatement("insert into"), func(m pgproxy.Message) bool { return m.Frontend && m.Type == 'S' }
	for _, tt := range []struct {
		name     string
		fault    pgproxy.Fault
		attempts int
		outcomes []pgtx.Outcome
	}{
		{"before it", pgproxy.Fault{Match: pgproxy.AtStatement("with changed")}, 2, []pgtx.Outcome{pgtx.RolledBack, pgtx.Committed}},
		{"in it", pgproxy.Fault{Match: atWrite}, 2, []pgtx.Outcome{pgtx.RolledBack, pgtx.Committed}},
		{"by a reset", pgproxy.Fault{Match: atWrite, Action: pgproxy.Reset}, 2, []pgtx.Outcome{pgtx.RolledBack, pgtx.Committed}},
		{"before COMMIT", pgproxy.Fault{Match: pgproxy.AtCommit}, 2, []pgtx.Outcome{pgtx.RolledBack, pgtx.Committed}},
		{"after the writes", pgproxy.Fault{Match: atWrite, Moment: pgproxy.Answered}, 1, []pgtx.Outcome{pgtx.Committed}},
		{"after COMMIT", pgproxy.Fault{Match: pgproxy.AtCommit, Moment: pgproxy.Answered}, 1, []pgtx.Outcome{pgtx.Committed}},
		{"after all of it", pgproxy.Fault{Match: atSync, Moment: pgproxy.Answered}, 1, []pgtx.Outcome{pgtx.Committed}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := startRig(t, txn.Options{})
			for range 2 { // prepares the statements
				row := fmt.Sprint(time.Now().UnixNano())
				if err := r.Run(t.Context(), txn.ReadWrite, then(count, writes(row))); err != nil {
					t.Fatal(err)
				}
			}
			r.outcomes = nil
			tt.fault.Times = 1
			attempts := 0
			var fault *pgproxy.Injection
			err := r.Run(t.Context(), txn.ReadWrite, then(count, func(context.Context) error {
				if attempts++; attempts == 1 {
					fault = r.proxy.Inject(tt.fault)
				}
				return nil
			}, writes("a")))
			if err != nil {
				t.Error(err)
			}
			if fault.Fired() != 1 || attempts != tt.attempts {
				t.Errorf("faults = %d, attempts = %d, want 1, %d", fault.Fired(), attempts, tt.attempts)
			}
			if diff := cmp.Diff(tt.outcomes, r.outcomes); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			wantExists(t, r.direct, "a", true)
		})
	}
}

// Nothing cancels what travels with COMMIT, and the end timeout is for all of it, however
// much time is left to the work.
func TestWritesThatTravelWithCommitAreNotCanceled(t *testing.T) {
	t.Parallel()
	if !levers.WaitingWrites {
		t.Skip("writes do not wait for COMMIT")
	}
	r := startRig(t, txn.Options{EndTimeout: 100 * time.Millisecond, OutcomeTimeout: 200 * time.Millisecond})
	_, other := openOne(t, r.proxy.URL())
	blocker := pgtest.Session(t, other)
	for range 2 {
		if err := r.Run(t.Context(), txn.ReadWrite, then(count, writes(fmt.Sprint(time.Now().UnixNano())))); err != nil {
			t.Fatal(err)
		}
	}
	pgtest.Exec(t, blocker, `BEGIN; UPDATE idempotency_keys SET status = 1 WHERE key = '0'`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := r.Run(ctx, txn.ReadWrite, then(count, writes("a")))
	if !errors.Is(err, txn.ErrOutcomeUnknown) {
		t.Errorf("Run() = %v, want %v while it waits for a lock", err, txn.ErrOutcomeUnknown)
	}
	if err := ctx.Err(); err != nil {
		t.Errorf("the work's context: %v; want the end timeout to be over before", err)
	}
	pgtest.Exec(t, blocker, "ROLLBACK")
	pgtest.WaitFor(t, "the server goes on", func() bool {
		return pgtest.Value[int](t, r.watch, `SELECT count(*) FROM idempotency_keys WHERE key = 'a'`) == 1
	})
}

// Past the end timeout, the search for the outcome waits for the writes and COMMIT.
func TestTheSearchForTheOutcomeWaitsForWritesThatTravelWithCommit(t *testing.T) {
	t.Parallel()
	r := startRig(t, txn.Options{EndTimeout: 50 * time.Millisecond})
	_, other := openOne(t, r.proxy.URL())
	blocker := pgtest.Session(t, other)
	pgtest.Exec(t, blocker, `BEGIN; UPDATE idempotency_keys SET status = 1 WHERE key = '0'`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error)
	go func() { done <- r.Run(ctx, txn.ReadWrite, then(count, writes("a"))) }()
	pgtest.WaitFor(t, "the wait for the lock", func() bool {
		return pgtest.Value[int](t, r.watch, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '200ms'`) == 1
	})
	pgtest.Exec(t, blocker, "ROLLBACK")
	if err := <-done; err != nil {
		t.Error(err)
	}
	wantExists(t, r.direct, "a", true)
}

func TestASerializationFailureOfAWriteThatTravelsWithCommitIsRetried(t *testing.T) {
	t.Parallel()
	r := startRig(t, txn.Options{})
	attempts := 0
	err := r.Run(t.Context(), txn.Serializable, then(count, func(ctx context.Context) error {
		if attempts++; attempts == 1 {
			return r.direct.Run(context.WithoutCancel(t.Context()), txn.Serializable, func(ctx context.Context) error { return setStatus(ctx, "0", 3) })
		}
		return nil
	}, writes("a")))
	if err != nil || attempts != 2 {
		t.Errorf("Run() = %v after %d attempts, want nil after 2", err, attempts)
	}
	if diff := cmp.Diff([]pgtx.Outcome{pgtx.RolledBack, pgtx.Committed}, r.outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	wantExists(t, r.direct, "a", true)
}
