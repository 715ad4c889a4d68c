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
	// MaxMemory limits how much of a held response body stays in memory, in bytes. The
	// rest goes to a temporary file, so that a client that reads slowly doesn't keep a
	// connection. Defaults to 1 MiB.
	MaxMemory int64
	// MaxTotalMemory limits how much of all held response bodies together stays in memory,
	// in bytes, beside 4 KiB of each. Defaults to 64 times MaxMemory.
	MaxTotalMemory int64
	// MaxResponse limits the body of a held response, in bytes: a larger one is rolled
	// back and becomes an error. Defaults to 64 MiB.
	MaxResponse int64
	// MaxRetryBody limits how much of a request's body is kept for a retry, in bytes. A
	// request with a larger body isn't retried. Defaults to 1 MiB.
	MaxRetryBody int64
	// Shutdown ends when the service begins to shut down, which ends streams. May be
	// nil.
	Shutdown context.Context //nolint:containedctx // of the service
	// Tokens, if set, lets replicas serve what only reads, for a client that sends the
	// consistency token of its last response once they show what that one has shown or
	// written. Nil is for a db without replicas.
	Tokens *Tokens
	// WriteError responds to a request whose work couldn't be committed, in place of
	// the held response. Required.
	WriteError func(w http.ResponseWriter, r *http.Request, err error)

	held *sharedMemory // of MaxTotalMemory
}

// Middleware runs each request in a unit of work of db, which is read-only if the
// method is safe. Handlers take the client from the request's context with
// ent.FromContext, or the [ent.Tx] with ent.TxFromContext. When PostgreSQL rolls the
// work back through no fault of its own, the handler is called again from the start. So
// it must not change anything but the database; what it wrote to the response,
// including the header, is discarded. It comes after the middleware that responds
// without the database or recovers from panics: inside of it, a recoverer would turn a
// panic into a response. To exempt a route, mount it outside.
func Middleware(db *txn.DB, o Options) func(http.Handler) http.Handler {
	o.MaxMemory = cmp.Or(o.MaxMemory, 1<<20)
	o.MaxTotalMemory = cmp.Or(o.MaxTotalMemory, 64*o.MaxMemory)
	o.held = &sharedMemory{limit: o.MaxTotalMemory}
	o.MaxResponse = cmp.Or(o.MaxResponse, 64<<20)
	o.MaxRetryBody = cmp.Or(o.MaxRetryBody, 1<<20)
	return func(next http.Handler) http.Handler {
		return &handler{db: db, options: o, next: next}
	}
}

// Mode is a middleware, inside of [Middleware], that sets the mode of a route, such as
// [txn.Serializable], or [txn.ReadWrite] for a GET that writes. It comes before
// anything that queries the database, such as package idempotency.
func Mode(mode sql.TxOptions) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := txn.SetMode(r.Context(), mode); err != nil {
				panic(err) // a defect of the routes
			}
			next.ServeHTTP(w, r)
		})
	}
}

type handler struct {
	db      *txn.DB
	options Options
	next    http.Handler
}

// ServeHTTP runs the handler, ends the transaction, and then sends the response.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	all := &attempts{}
	all.begin(r, &h.options)
	var room [8]headerLine // what most headers fit into
	header := headerLines(room[:0]).appendHeader(r.Header)
	route := chi.RouteContext(r.Context())
	var routed chi.Context
	if route != nil {
		routed = *route
	}
	for number := 1; h.tryOnce(w, all, number); number++ {
		// A retry begins from the start.
		r.Header = header.header()
		if route != nil {
			*route = routed
		}
	}
}

// tryOnce runs the handler once and responds, unless it reports that the request is to
// be retried.
func (h *handler) tryOnce(w http.ResponseWriter, all *attempts, number int) (retry bool) {
	r := all.request
	gate, err := gateFrom(w, r)
	if err != nil {
		h.options.WriteError(w, r, err)
		return false
	}
	ctx, unit, err := h.db.Begin(r.Context(), defaultMode(r.Method), number)
	if err != nil {
		h.options.WriteError(w, r, err)
		return false
	}
	gate.begin(unit)
	defer gate.abandon()
	defer unit.Close() // for a panic and a Goexit
	if h.options.Tokens != nil {
		_ = unit.After(all.after) // fails only after the first statement
	}
	attempt := all.attempt(number)
	held := &attempt.response
	held.begin(ctx, w, unit, r.Method, &h.options)
	held.gate = gate
	defer held.close()
	req := all.newRequest(attempt)
	defer removeUploads(r, req)
	h.next.ServeHTTP(held, req)

	switch err = endUnit(r, unit, held); {
	case held.streaming:
		held.endStream()
		return false
	case unit.RetryError() != nil && all.body.rewind() && h.db.PrepareRetry(r.Context(), unit):
		return true
	case err != nil:
		if gate.end(false) {
			if h.options.Tokens != nil {
				h.options.Tokens.add(w.Header(), unit)
			}
			h.options.WriteError(w, r, err)
		}
		return false
	}
	unit.AfterCommit() // before the response, which a client may read slowly
	if gate.end(held.Status() < http.StatusBadRequest) {
		held.release()
	}
	return false
}

// removeUploads removes the uploaded files of a form: net/http does so only for the
// request that it made.
func removeUploads(original, attempt *http.Request) {
	if original.MultipartForm == nil && attempt.MultipartForm != nil {
		_ = attempt.MultipartForm.RemoveAll() // a file that can't be removed is left in the temporary directory
	}
}

// defaultMode is read-only for the safe methods of RFC 9110, 9.2.1.
func defaultMode(method string) sql.TxOptions {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return txn.ReadOnly
	}
	return txn.ReadWrite
}

// endUnit ends the unit as the handler's end requires. On an error, the response is
// that error instead of the held one.
func endUnit(r *http.Request, unit *txn.Unit, held *heldResponse) error {
	if held.streaming {
		return nil // Stream has ended it
	}
	unsent := held.gate.beginEnd()
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
	if !unsent {
		unit.Rollback()
		return errEarlyResponse
	}
	return unit.Commit()
}

// errEarlyResponse rolls the work back because a middleware has already responded.
var errEarlyResponse = errors.New("reqtx: a middleware responded before COMMIT")
