package idempotency_test

import (
	"context"
	"database/sql"
	"sync/atomic"
	"testing"
	"time"

	"commitment/ent"
	"commitment/internal/idempotency"
)

func TestARecordedAnswerIsGivenToTwoAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{}, created)
	s.want(t, "k", "a", 201, "made", false)
	var held atomic.Bool
	reading, release := make(chan struct{}), make(chan struct{})
	s.db.Client().IdempotencyKey.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			if held.CompareAndSwap(false, true) {
				close(reading)
				<-release
			}
			return next.Query(ctx, q)
		})
	}))
	done := make(chan reply)
	go func() {
		got, err := s.post(t.Context(), "k", "a")
		if err != nil {
			t.Error(err)
		}
		done <- got
	}()
	<-reading // and has the key's lock
	s.want(t, "k", "a", 201, "made", true)
	s.want(t, "k", "b", 422, "idempotency-key-reused", false)
	close(release)
	if got := <-done; got.status != 201 || !got.replayed {
		t.Errorf("response = %v, want the first one", got)
	}
}

func TestAnExpiredKeyThatIsJustSweptIsFree(t *testing.T) {
	t.Parallel()
	s := serve(t, idempotency.Options{Lifetime: time.Microsecond}, created)
	s.want(t, "k", "a", 201, "made", false)
	sweep, err := s.pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sweep.Rollback() }()
	if _, err := sweep.ExecContext(t.Context(), "DELETE FROM idempotency_keys"); err != nil {
		t.Fatal(err)
	}
	done := make(chan reply)
	go func() {
		got, err := s.post(t.Context(), "k", "b")
		if err != nil {
			t.Error(err)
		}
		done <- got
	}()
	waitForALock(t, s.pool)
	if err := sweep.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.status != 201 || got.replayed {
		t.Errorf("response = %v, want 201", got)
	}
}

// waitForALock waits until a session of the database waits for a lock.
func waitForALock(t *testing.T, pool *sql.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const ask = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
	for waits := false; !waits; {
		if err := pool.QueryRowContext(ctx, ask).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
}
