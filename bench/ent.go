package main

import (
	"net/http"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/go-chi/chi/v5/middleware"

	"commitment/ent"
	_ "commitment/ent/runtime" // the schemas
)

// eager is the usual middleware: a transaction for every request, begun before
// the handler and ended after it by status. What outgrows net/http's buffer of a
// few kilobytes has left by then, and the client isn't told of a COMMIT that fails.
func eager(client *ent.Client, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		options := readOnly
		if r.Method != http.MethodGet {
			options = nil
		}
		tx, err := client.BeginTx(r.Context(), options)
		if err != nil {
			answer(w, 0, nil, err)
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
	return eager(client, api(entStore{})), nil
}
