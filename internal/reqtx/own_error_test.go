package reqtx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/problem"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// ownErrors are what fails in a handler that does more than ask the database.
var ownErrors = map[string]func(ctx context.Context) error{
	"a reader's end":              func(context.Context) error { return io.EOF },
	"a file that ends too early":  func(context.Context) error { return fmt.Errorf("read: %w", io.ErrUnexpectedEOF) },
	"a file that isn't there":     func(context.Context) error { _, err := os.Open("/nothing"); return err },
	"a file that is closed":       func(context.Context) error { return os.ErrClosed },
	"a connection that is closed": func(context.Context) error { return net.ErrClosed },
	"a service that isn't there":  func(ctx context.Context) error { return get(ctx, "http://127.0.0.1:1/") },
	"a name that isn't there":     func(ctx context.Context) error { return get(ctx, "http://nowhere.invalid/") },
	"a service that is slow": func(ctx context.Context) error {
		late, cancel := context.WithTimeout(ctx, 0)
		defer cancel()
		return get(late, "http://127.0.0.1:1/")
	},
	"a call that the handler ends": func(ctx context.Context) error {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return get(ended, "http://127.0.0.1:1/")
	},
	"a database that isn't ours": func(ctx context.Context) error {
		_, err := pgx.Connect(ctx, "postgres://127.0.0.1:1/other")
		return err
	},
}

func get(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// TestAHandlersOwnErrorIsNotTheDatabases has a handler fail without the database's
// doing, beside the transaction and while it has the connection: it runs once, and the
// response doesn't blame the database.
func TestAHandlersOwnErrorIsNotTheDatabases(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(postgres.Options{URL: pgtest.OwnerURL(t), MaxOpenConns: 2, MaxIdleConns: 2, PingAfter: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	quiet := slog.New(slog.DiscardHandler)
	db := txn.New(pool, txn.Options{Log: quiet})
	problems := &problem.Writer{Log: quiet, Classify: postgres.Constraints{}.Classify}
	for name, fail := range ownErrors {
		for where, run := range map[string]func(context.Context) error{
			"beside the transaction": fail,
			"with its connection": func(ctx context.Context) error {
				tx, err := txn.SQLFromContext(ctx)
				if err != nil {
					return err
				}
				return tx.Pgx(ctx, func(*pgx.Conn) error { return fail(ctx) })
			},
		} {
			attempts := 0
			h := reqtx.Middleware(db, reqtx.Options{WriteError: problems.Write})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				attempts++
				problems.Write(w, r, errors.Join(insert(r, "row"), run(r.Context())))
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody))
			if w.Code != http.StatusInternalServerError || attempts != 1 {
				t.Errorf("%s %s: %d %s in %d attempts, want 500 in 1", name, where, w.Code, w.Body, attempts)
			}
		}
	}
	(&service{db: db}).wantRow(t, "row", false)
}
