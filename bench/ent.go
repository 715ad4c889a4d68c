package main

import (
	"net/http"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/go-chi/chi/v5/middleware"

	"commitment/ent"
	_ "commitment/ent/runtime" // registers the schemas
)

// eagerTransactions is the usual middleware: each request gets a transaction that
// begins before the handler and ends after it, by status. A response that exceeds
// net/http's buffer of a few kilobytes has been sent by then, so the client doesn't
// learn of a failed COMMIT.
func eagerTransactions(client *ent.Client, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		options := readOnly
		if r.Method != http.MethodGet {
			options = nil
		}
		tx, err := client.BeginTx(r.Context(), options)
		if err != nil {
			respond(w, 0, nil, err)
			return
		}
		defer tx.Rollback() //nolint:errcheck // does nothing after Commit
		recorder := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		ctx := ent.NewContext(ent.NewTxContext(r.Context(), tx), tx.Client())
		next.ServeHTTP(recorder, r.WithContext(ctx))
		if recorder.Status() < http.StatusBadRequest {
			_ = tx.Commit() // too late to tell the client
		}
	})
}

func openEnt(url string, pool int) (http.Handler, error) {
	db, err := openPool(url, pool)
	if err != nil {
		return nil, err
	}
	client := ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, db)))
	return eagerTransactions(client, api(entStore{})), nil
}
