package reqtx

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"commitment/internal/txn"
)

// Options configure the middleware.
type Options struct {
	// MaxMemory bounds what is held of an answer's body in memory, in bytes. What
	// goes beyond is held in a temporary file: a client that takes long to read it
	// keeps no connection from others. Defaults to 1 MiB.
	MaxMemory int64
	// MaxAnswer bounds the body of a held answer, in bytes: a larger one rolls
	// back and becomes an error. Defaults to 64 MiB.
	MaxAnswer int64
	// MaxReplay bounds what is kept of a request's body to do the request again,
	// in bytes. A request whose body is larger is done once. Defaults to 1 MiB.
	MaxReplay int64
	// Closing ends when the service begins to shut down: streams end then. Nil never
	// does.
	Closing context.Context //nolint:containedctx // of the service
	// WriteError answers a request whose work could not be committed, in place of
	// the answer that was held. Required.
	WriteError func(w http.ResponseWriter, r *http.Request, err error)
}

// Middleware runs each request in a unit of work of db, read-only when the
// method is safe. Handlers take the client from the request's context:
// ent.FromContext, or ent.TxFromContext for the [ent.Tx].
//
// A handler is run again from the start when PostgreSQL rolled its work back for
// no fault of its own, so it must not change anything but the database; what it
// wrote to the answer, the header included, is forgotten.
//
// It comes after whatever answers without the database and recovers from panics:
// a recoverer inside it would turn a panic into an answer. A route is exempt by
// being mounted outside of it.
func Middleware(db *txn.DB, o Options) func(http.Handler) http.Handler {
	o.MaxMemory = cmp.Or(o.MaxMemory, 1<<20)
	o.MaxAnswer = cmp.Or(o.MaxAnswer, 64<<20)
	o.MaxReplay = cmp.Or(o.MaxReplay, 1<<20)
	return func(next http.Handler) http.Handler {
		return &handler{db: db, o: o, next: next}
	}
}

// Mode is a middleware, inside of [Middleware], that sets the mode of a route, as
// [txn.Serializable] or a GET that writes. It comes before whatever asks the database,
// as package idempotency does.
func Mode(mode sql.TxOptions) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := txn.SetMode(r.Context(), mode); err != nil {
				panic(err) // the routes are wrong
			}
			next.ServeHTTP(w, r)
		})
	}
}

type handler struct {
	db   *txn.DB
	o    Options
	next http.Handler
}

// ServeHTTP runs the handler, ends the transaction, and only then lets the
// answer go.
func (m *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := &replay{source: r.Body, limit: m.o.MaxReplay}
	route := chi.RouteContext(r.Context())
	var routed chi.Context
	if route != nil {
		routed = *route
	}
	for attempt := 1; m.attempt(w, r, body, attempt); attempt++ {
		if route != nil {
			*route = routed // what is routed below starts anew
		}
	}
}

// attempt runs the handler once and answers, unless it reports that the request is
// to be done again.
func (m *handler) attempt(w http.ResponseWriter, r *http.Request, body *replay, attempt int) (again bool) {
	gate, err := gateOf(w, r)
	if err != nil {
		m.o.WriteError(w, r, err)
		return false
	}
	ctx, unit, err := m.db.Begin(r.Context(), mode(r.Method), attempt)
	if err != nil {
		m.o.WriteError(w, r, err)
		return false
	}
	gate.begin(unit)
	defer gate.leave()
	defer unit.Close() // a panic and a Goexit pass through here
	held := newHeld(ctx, w, unit, r.Method, &m.o)
	held.gate = gate
	defer held.close()
	req := r.Clone(held.ctx) // what an attempt changes, the next one doesn't see
	req.Body = &attemptBody{body, r, req}
	defer removeFiles(r, req)
	m.next.ServeHTTP(held, req)

	switch err = end(r, unit, held); {
	case held.streaming:
		held.endStream()
		return false
	case unit.RetryError() != nil && body.rewind() && m.db.PrepareRetry(r.Context(), unit):
		return true
	case err != nil:
		if gate.end(false) {
			m.o.WriteError(w, r, err)
		}
		return false
	}
	unit.AfterCommit() // before the answer, for a client may take long to read it
	if gate.end(held.Status() < http.StatusBadRequest) {
		held.release()
	}
	return false
}

// removeFiles removes what was uploaded in a form: net/http does it only for the
// request that it has made.
func removeFiles(made, attempt *http.Request) {
	if made.MultipartForm == nil && attempt.MultipartForm != nil {
		_ = attempt.MultipartForm.RemoveAll() // of a file that stays the system's cleaning has to take care
	}
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
	if held.streaming {
		return nil // the handler has ended it
	}
	unanswered := held.gate.decide()
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
	if unit.HasOnlyRead() {
		unit.CommitInBackground()
		return nil
	}
	if !unanswered {
		unit.Rollback()
		return errAnswered
	}
	return unit.Commit()
}

// errAnswered is why work is rolled back: a middleware has answered the request.
var errAnswered = errors.New("reqtx: the request was answered before COMMIT")
