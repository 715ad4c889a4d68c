package reqtx

import (
	"database/sql"
	"net/http"

	"commitment/internal/txn"
)

// Options configure the middleware.
type Options struct {
	// MaxAnswer bounds the body of a held answer, in bytes: a larger one rolls
	// back and becomes an error. Defaults to 8 MiB.
	MaxAnswer int
	// WriteError answers a request whose work could not be committed, in place of
	// the answer that was held. Required.
	WriteError func(w http.ResponseWriter, r *http.Request, err error)
}

// Middleware runs each request in a unit of work of db, read-only when the
// method is safe. Handlers take the client from the request's context:
// ent.FromContext, or ent.TxFromContext for the [ent.Tx].
//
// It comes after whatever answers without the database and recovers from panics:
// a recoverer inside it would turn a panic into an answer. A route is exempt by
// being mounted outside of it.
func Middleware(db *txn.DB, o Options) func(http.Handler) http.Handler {
	if o.MaxAnswer == 0 {
		o.MaxAnswer = 8 << 20
	}
	return func(next http.Handler) http.Handler {
		return &middleware{db: db, o: o, next: next}
	}
}

type middleware struct {
	db   *txn.DB
	o    Options
	next http.Handler
}

// ServeHTTP runs the handler, ends the transaction, and only then lets the
// answer go.
func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, unit, err := m.db.Begin(r.Context(), mode(r.Method))
	if err != nil {
		m.o.WriteError(w, r, err)
		return
	}
	defer unit.Rollback() // a panic and a Goexit pass through here; after an end it does nothing
	held := newHeld(w, m.o.MaxAnswer)
	m.next.ServeHTTP(held, r.WithContext(ctx))
	if err := end(r, unit, held); err != nil {
		m.o.WriteError(w, r, err)
		return
	}
	held.release(r.Method)
	unit.AfterCommit()
}

// mode is read-only for the safe methods of RFC 9110, 9.2.1.
func mode(method string) sql.TxOptions {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return txn.ReadOnly
	}
	return txn.ReadWrite
}

// end ends the unit as the handler's end demands. Its error, if any, is to be
// answered in place of what is held.
func end(r *http.Request, unit *txn.Unit, held *held) error {
	err := r.Context().Err() // the client is gone, or the deadline has passed
	if err == nil {
		err = held.err
	}
	if err != nil {
		unit.Rollback()
		return err
	}
	if !unit.Decide(held.Status() < http.StatusBadRequest) {
		unit.Rollback()
		return nil
	}
	return unit.Commit()
}
