package tracing_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"commitment/ent"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

func TestARetryShowsBothAttempts(t *testing.T) {
	t.Parallel()
	f := open(t, canRaise(t), 1)
	warmUp(t, f)
	w := f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		if err := rowtest.Insert(ctx, ent.FromContext(ctx), "a"); err != nil || txn.Attempt(ctx) > 1 {
			return err
		}
		_, err := query(ctx, "SELECT raise($1)", "40001")
		return err
	})
	if w.Code != http.StatusOK {
		t.Errorf("status = %d, want 200", w.Code)
	}
	f.wantTree(t, `
		POST /rows/{id}
			attempt 1 (40001)
				transaction: rolled_back (40001)
					INSERT idempotency_keys
					SELECT (40001)
					ROLLBACK
			attempt 2
				transaction: committed
					INSERT idempotency_keys
					COMMIT
	`)
	for _, s := range f.named(t, "transaction") {
		for key, want := range map[string]string{
			"commitment.transaction.isolation": "read committed",
			"commitment.transaction.read_only": "false",
			"commitment.transaction.settings":  `["application_name"]`,
		} {
			if got := value(s, key); got != want {
				t.Errorf("%s = %q, want %q", key, got, want)
			}
		}
	}
}

func TestACutCommitShowsTheSearch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		moment pgproxy.Moment
		want   string
	}{
		{"that finds it committed", pgproxy.Answered, `
		POST /rows/{id}
			attempt 1
				transaction: committed
					INSERT idempotency_keys
					COMMIT (connection)
					search for the outcome: committed
						connect
						SELECT
		`},
		{"that finds it rolled back", pgproxy.Before, `
		POST /rows/{id}
			attempt 1 (connection)
				transaction: rolled_back (connection)
					INSERT idempotency_keys
					COMMIT (connection)
					search for the outcome: rolled_back
						connect
						SELECT
			attempt 2
				transaction: committed
					INSERT idempotency_keys
					COMMIT
		`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			proxy := pgtest.Proxy(t, pgtest.OwnerURL(t))
			f := open(t, proxy.URL(), 1)
			warmUp(t, f)
			proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Moment: tt.moment, Times: 1})
			w := f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
				return rowtest.Insert(ctx, ent.FromContext(ctx), "a")
			})
			if w.Code != http.StatusOK {
				t.Errorf("status = %d, want 200", w.Code)
			}
			asked := regexp.MustCompile(`(?m)(^ +SELECT\n)+`) // once, or more often
			wantTree(t, asked.ReplaceAllString(f.tree(), "$1"), tt.want)
		})
	}
}

func TestWhatHappensAfterCommitIsInTheTrace(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	warmUp(t, f)
	f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		return errors.Join(rowtest.Insert(ctx, ent.FromContext(ctx), "a"), txn.AfterCommit(ctx, func(ctx context.Context) error {
			_, err := rowtest.Count(ctx, f.db.Client())
			return errors.Join(err, errors.New("not delivered"))
		}))
	})
	f.wantTree(t, `
		POST /rows/{id}
			attempt 1
				transaction: committed
					INSERT idempotency_keys
					COMMIT
				after commit (*errors.joinError)
					SELECT idempotency_keys
	`)
}

// A read is committed after its response, in the background.
func TestARead(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	warmUp(t, f)
	f.serve(t, http.MethodGet, nil, func(ctx context.Context) error {
		_, err := rowtest.Count(ctx, ent.FromContext(ctx))
		return err
	})
	f.wantTree(t, `
		GET /rows/{id}
			attempt 1
				transaction: committed
					SELECT idempotency_keys
					COMMIT
	`)
	if got := value(f.named(t, "transaction")[0], "commitment.transaction.isolation"); got != "repeatable read" {
		t.Errorf("isolation = %q, want repeatable read", got)
	}
}

// A stream goes on after its transaction: the request's span ends with it.
func TestAStream(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	warmUp(t, f)
	server := httptest.NewServer(f.handler(func(w http.ResponseWriter, r *http.Request) {
		check(t, rowtest.Insert(r.Context(), ent.FromContext(r.Context()), "a"))
		check(t, reqtx.Stream(w))
		_, err := rowtest.Count(r.Context(), f.db.Client())
		check(t, err)
	}))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/rows/1", http.NoBody)
	check(t, err)
	resp, err := server.Client().Do(req)
	check(t, err)
	_, err = io.Copy(io.Discard, resp.Body) // to the end: a client that is gone cancels the work
	check(t, err)
	check(t, resp.Body.Close())
	server.Close() // waits for the handler
	f.wantTree(t, `
		POST /rows/{id}
			attempt 1
				transaction: committed
					INSERT idempotency_keys
					COMMIT
				SELECT idempotency_keys
	`)
}

// warmUp connects, so that no test's spans depend on it.
func warmUp(t *testing.T, f *fixture) {
	t.Helper()
	check(t, f.pool.PingContext(t.Context()))
}
