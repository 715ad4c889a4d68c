package httpapi

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"commitment/internal/idempotency"
	"commitment/internal/identity"
	"commitment/internal/middleware"
	"commitment/internal/openapitest"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/problem"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// custom serves routes of the test's own, with what New puts around its routes, and a
// single connection.
func custom(t *testing.T, routes func(*api)) (url string, db *txn.DB) {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: pgtest.URL(t), MaxOpenConns: 1, MaxIdleConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db = txn.New(pool, txn.Options{})
	problems := &problem.Writer{Log: slog.New(slog.DiscardHandler), RequestID: middleware.RequestIDFrom}
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recover(problems), middleware.Timeout(time.Minute))
	tx := reqtx.Middleware(db, reqtx.Options{WriteError: problems.Write})
	once := idempotency.Middleware(idempotency.Options{WriteError: problems.Write})
	a := newAPI(r.With(tx, once), Options{ReadTimeout: time.Minute}, problems, demands{})
	routes(a.allow(identity.Public))
	openAPI, _ := a.document()
	r.Get("/openapi.json", openAPI)
	server := httptest.NewServer(openapitest.Check(t, r))
	t.Cleanup(server.Close)
	return server.URL, db
}
