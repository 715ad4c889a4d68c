package tracing_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgbouncer"
	"commitment/internal/tracing"
	"commitment/internal/txn"
)

const currentName = "SELECT current_setting('application_name')"

// TestPgStatActivityNamesTheTransaction has a statement wait for a lock, which is when an
// operator looks.
func TestPgStatActivityNamesTheTransaction(t *testing.T) {
	t.Parallel()
	url := pgtest.OwnerURL(t)
	f := open(t, url, 1)
	admin := pgtest.Session(t, pgtest.Open(t, url))
	pgtest.Exec(t, admin, "SELECT pg_advisory_lock(1)")
	const activity = "SELECT coalesce(max(application_name), '') FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
	var shown string
	var request sync.WaitGroup
	request.Go(func() {
		f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
			_, err := query(ctx, "SELECT pg_advisory_xact_lock(1)::text")
			return err
		})
	})
	pgtest.WaitFor(t, "the request waits for the lock", func() bool {
		shown = pgtest.Value[string](t, admin, activity+" AND wait_event = 'advisory'")
		return shown != ""
	})
	pgtest.Exec(t, admin, "SELECT pg_advisory_unlock(1)")
	request.Wait()
	transaction := f.named(t, "transaction")[0].SpanContext()
	if want := fmt.Sprintf("00-%s-%s-01", transaction.TraceID(), transaction.SpanID()); shown != want {
		t.Errorf("application_name = %q, want the transaction's %q", shown, want)
	}
	if got := pgtest.Value[string](t, admin, activity); got != "operator's" {
		t.Errorf("application_name after the transaction = %q, want the operator's", got)
	}
}

func TestANameOfTheWorkStays(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		check(t, txn.Set(ctx, "application_name", "import"))
		if got, err := query(ctx, currentName); err != nil || got != "import" {
			t.Errorf("application_name = %q, %v, want the work's own", got, err)
		}
		return nil
	})
}

// TestNamesBehindPgBouncer has transactions, of which half are sampled, share the
// connections of a pooler: each sees its own name in both of its statements, and one that
// isn't sampled the operator's.
func TestNamesBehindPgBouncer(t *testing.T) {
	t.Parallel()
	through := pgbouncer.Start(t, pgtest.OwnerURL(t), pgbouncer.Options{}).URL()
	f := open(t, pgtest.WithParams(t, through, map[string]string{"default_query_exec_mode": "cache_describe"}), 12)
	var all sync.WaitGroup
	for client := range 12 {
		all.Go(func() {
			for n := range 50 {
				if err := seesItsOwnName(t.Context(), f, n%2 == 0); err != nil {
					t.Errorf("client %d, transaction %d: %v", client, n, err)
					return
				}
			}
		})
	}
	all.Wait()
	for range 20 {
		if got := pgtest.Value[string](t, f.pool, currentName); got != "operator's" {
			t.Errorf("application_name after all transactions = %q, want the operator's", got)
		}
	}
}

// seesItsOwnName runs a transaction in a trace of its own.
func seesItsOwnName(ctx context.Context, f *fixture, sampled bool) error {
	config := trace.SpanContextConfig{SpanID: trace.SpanID{1}, TraceFlags: trace.TraceFlags(0).WithSampled(sampled), Remote: true}
	_, _ = rand.Read(config.TraceID[:]) // never fails
	caller := trace.NewSpanContext(config)
	return f.db.Run(trace.ContextWithSpanContext(ctx, caller), txn.ReadWrite, func(ctx context.Context) error {
		for range 2 {
			got, err := query(ctx, currentName)
			if err != nil {
				return err
			}
			if own := strings.HasPrefix(got, "00-"+tracing.TraceID(ctx)+"-"); own != sampled || !sampled && got != "operator's" {
				return errors.New("application_name = " + got)
			}
		}
		return nil
	})
}
