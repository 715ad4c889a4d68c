package txn

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
)

// raise fails as PostgreSQL would.
func raise(ctx context.Context, sqlstate string) error {
	_, err := value(ctx, "SELECT raise($1)", sqlstate)
	return err
}

func (f *fixture) canRaise(t *testing.T) {
	t.Helper()
	f.exec(t, `CREATE FUNCTION raise(code text) RETURNS text LANGUAGE plpgsql AS $$
		BEGIN RAISE 'as asked' USING ERRCODE = code; END $$`)
}

func TestWorkIsRetried(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		sqlstate string
		failures int // how many attempts fail
		attempts int // how many there are
		ok       bool
	}{
		{"after a serialization failure", "40001", 1, 2, true},
		{"after a deadlock", "40P01", 2, 3, true},
		{"as often as allowed", "40001", 9, 3, false},
		{"but not after an error of its own", "23514", 1, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			retries := 0
			f := open(t, 1, Options{OnRetry: func() { retries++ }})
			f.canRaise(t)
			var attempts, ran []int
			err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
				attempt := Attempt(ctx)
				attempts = append(attempts, attempt)
				err := errors.Join(insert(ctx, "a"), AfterCommit(ctx, func(context.Context) error {
					ran = append(ran, attempt)
					return nil
				}))
				if err == nil && attempt <= tt.failures {
					err = raise(ctx, tt.sqlstate)
				}
				return err
			})
			if (err == nil) != tt.ok {
				t.Errorf("Run() = %v, want success: %v", err, tt.ok)
			}
			if pgErr, isPg := errors.AsType[*pgconn.PgError](err); !tt.ok && (!isPg || pgErr.Code != tt.sqlstate) {
				t.Errorf("Run() = %v, want SQLSTATE %s", err, tt.sqlstate)
			}
			if len(attempts) != tt.attempts || retries != tt.attempts-1 || attempts[len(attempts)-1] != tt.attempts {
				t.Errorf("attempts = %v, retries = %d, want %d attempts", attempts, retries, tt.attempts)
			}
			var want []int // the after-commit function of the attempt that was committed
			if tt.ok {
				want = []int{tt.attempts}
			}
			if diff := cmp.Diff(want, ran); diff != "" {
				t.Errorf("after-commit functions (-want +got):\n%s", diff)
			}
			f.wantExists(t, "a", tt.ok)
		})
	}
}

func TestAFailureThatASavepointRolledBackIsNotRetried(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	f.canRaise(t)
	attempts := 0
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		attempts++
		_ = Savepoint(ctx, func(ctx context.Context) error { return raise(ctx, "40P01") })
		return errWork
	})
	if !errors.Is(err, errWork) || attempts != 1 {
		t.Errorf("Run() = %v in %d attempts, want %v in 1", err, attempts, errWork)
	}
}

func TestWorkIsNotRetriedPastItsDeadline(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{MaxAttempts: 1000})
	f.canRaise(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := f.Run(ctx, ReadWrite, func(ctx context.Context) error { return raise(ctx, "40001") })
	if err == nil {
		t.Error("Run() = nil, want an error")
	}
}

// TestSerializableCountersLoseNothing has many units read and then write the same row:
// each one that reported a commit counts.
func TestSerializableCountersLoseNothing(t *testing.T) {
	t.Parallel()
	f := open(t, 8, Options{MaxAttempts: 50})
	if err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error { return insert(ctx, "a") }); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	var mu sync.Mutex
	var committed int
	for range 8 {
		done.Go(func() {
			for range 10 {
				err := f.Run(t.Context(), Serializable, func(ctx context.Context) error {
					a, err := rowtest.Query(ent.FromContext(ctx)).Only(ctx)
					if err != nil {
						return err
					}
					return a.Update().Modify(func(u *entsql.UpdateBuilder) { u.Set(idempotencykey.FieldStatus, a.Status+1) }).Exec(ctx)
				})
				if err == nil {
					mu.Lock()
					committed++
					mu.Unlock()
				}
			}
		})
	}
	done.Wait()
	a, err := rowtest.Query(f.Client()).Only(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != committed || committed == 0 {
		t.Errorf("counted = %d, want as many as were committed, %d", a.Status, committed)
	}
}

func TestADeadIdleConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	f := open(t, 2, Options{MaxAttempts: 1})
	killed := 0
	for range 20 {
		err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
			pid, err := value(ctx, "SELECT pg_backend_pid()::text")
			if err == nil && pid != "" {
				killed++
			}
			return err
		})
		if err != nil {
			t.Fatalf("Run() = %v after %d killed connections, want nil", err, killed)
		}
		admin, err := postgres.Open(postgres.Options{URL: f.url, MaxOpenConns: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = admin.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if err := errors.Join(err, admin.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
