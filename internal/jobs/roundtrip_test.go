package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/jobs"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/postgres"
	"commitment/internal/txn"
)

// TestRoundTripsOfEnqueue counts on the wire what a response waits for, once the
// statements are prepared, and what follows it.
func TestRoundTripsOfEnqueue(t *testing.T) {
	t.Parallel()
	const begin = "begin isolation level read committed; select pg_current_xact_id; "
	for _, tt := range []struct {
		name          string
		enqueue       func(context.Context) error
		before, after []string
	}{
		{
			"Enqueue", func(ctx context.Context) error { return jobs.Enqueue(ctx, effectArgs{1}) },
			[]string{begin + "JobInsertFastMany", "commit"},
			[]string{begin + "PGNotifyMany", "commit"},
		},
		{
			"two jobs", func(ctx context.Context) error {
				return errors.Join(jobs.Enqueue(ctx, effectArgs{1}), jobs.Enqueue(ctx, effectArgs{2}))
			},
			[]string{begin + "JobInsertFastMany", "JobInsertFastMany", "commit"},
			[]string{begin + "PGNotifyMany", "commit"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			proxy := pgtest.Proxy(t, pgtest.URL(t))
			pool, err := postgres.Open(postgres.Options{URL: proxy.URL(), MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = pool.Close() })
			db := txn.New(pool, txn.Options{})
			count := func() (before, after []string, trips int) { return countTrips(t, db, proxy, tt.enqueue) }
			count() // prepares
			count() // pings, since the connection hasn't been used again before
			pgtest.WaitFor(t, "workers may be notified again", func() bool { return jobs.Rested() })
			before, after, trips := count()
			if trips != len(tt.before) {
				t.Errorf("round trips = %d, want %d", trips, len(tt.before))
			}
			if diff := cmp.Diff(tt.before, before); diff != "" {
				t.Errorf("flights of the unit of work (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.after, after); diff != "" {
				t.Errorf("flights after it (-want +got):\n%s", diff)
			}
		})
	}
}

// countTrips enqueues in a unit of work, and returns what was sent before and after its
// end.
func countTrips(t *testing.T, db *txn.DB, proxy *pgproxy.Proxy, enqueue func(context.Context) error) (before, after []string, trips int) {
	t.Helper()
	transcript := proxy.Record()
	proxy.Reset()
	ctx, u, err := db.Begin(t.Context(), txn.ReadWrite, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if err := enqueue(ctx); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(); err != nil {
		t.Fatal(err)
	}
	trips = proxy.Stats().RoundTrips
	transcript.Stop()
	before = flights(transcript.Flights())
	transcript = proxy.Record()
	u.AfterCommit()
	if err := db.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	transcript.Stop()
	return before, flights(transcript.Flights()), trips
}

// flights are the statements of each flight, by their first words.
func flights(all [][]pgproxy.Message) []string {
	var texts []string
	for _, messages := range all {
		var statements []string
		for _, m := range messages {
			if m.Name == "Execute" || m.Name == "Query" {
				statements = append(statements, firstWords(m.SQL))
			}
		}
		if len(statements) > 0 {
			texts = append(texts, strings.Join(statements, "; "))
		}
	}
	return texts
}

// firstWords are those of a statement, or the name that River gives it.
func firstWords(statement string) string {
	if name, ok := strings.CutPrefix(statement, "-- name: "); ok {
		name, _, _ = strings.Cut(name, " ")
		return name
	}
	text, _, _ := strings.Cut(statement, "(")
	return text
}
