// Package idempotency makes requests safe to send again: it answers the header
// field Idempotency-Key as draft-ietf-httpapi-idempotency-key-header describes it.
// The key and the answer are written in the request's own transaction, so a key is
// recorded exactly when its work is done. It comes inside package reqtx, which
// holds the answer until both are committed.
//
//	r.Use(reqtx.Middleware(db, …), idempotency.Middleware(idempotency.Options{WriteError: problems.Write}))
//
// What a request with a key is answered:
//
//	the key is new                                 its work is done, and the answer recorded
//	the key and the request are known              the recorded answer, marked as replayed
//	the key is known, with another request         422 idempotency-key-reused
//	the first request is still being worked on     409 idempotency-key-in-flight, at once, with Retry-After
//	the key is empty, too long, not ASCII, or two  400 idempotency-key-malformed
//	there is none, and Options.Required asks       400 idempotency-key-missing
//	the answer is one of reqtx.Stream              400 idempotency-key-unsupported
//
// Requests are the same when their method, target, type and body are. An answer is
// recorded only when its work is committed, so after an error, after a crash and
// after an outcome that nobody knows the client sends the same request with the same
// key, until it gets an answer: the work is done once. A key that has expired is new
// again; [Sweep] deletes those, in small batches.
package idempotency

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"commitment/internal/fault"
	"commitment/internal/txn"
)

// Names of header fields.
const (
	// Header is the request's field.
	Header = "Idempotency-Key"
	// ReplayedHeader is set to "true" on an answer that is given again.
	ReplayedHeader = "Idempotent-Replayed"
)

// maxKey bounds a key, in bytes.
const maxKey = 255

// Errors that any request with a key can get.
var (
	// ErrMalformed: the key isn't one.
	ErrMalformed = fault.New(fault.Malformed, "idempotency-key-malformed",
		"an Idempotency-Key has 1 to 255 printable ASCII characters, and no space").At(Header)
	// ErrUnsupported: the response is one of reqtx.Stream.
	ErrUnsupported = fault.New(fault.Malformed, "idempotency-key-unsupported",
		"a response that streams can't be recorded: send this request without an Idempotency-Key").At(Header)
	// ErrReused: the key was used for another request.
	ErrReused = fault.New(fault.Invalid, "idempotency-key-reused",
		"this Idempotency-Key was used for another request").At(Header)
	// ErrInFlight: the first request with the key hasn't ended.
	ErrInFlight = fault.New(fault.Conflict, "idempotency-key-in-flight",
		"the first request with this Idempotency-Key is still in progress").At(Header)
)

var (
	errMissing = fault.New(fault.Malformed, "idempotency-key-missing", "this request needs an Idempotency-Key").At(Header)
	errNotHeld = errors.New("idempotency: the writer isn't reqtx's: nothing that wraps it may come between the two")
	errBody    = fault.New(fault.Malformed, "", "the body can't be read to its end")
)

// Options configure the middleware.
type Options struct {
	// Subject says who sends a request, for a key belongs to its sender: the
	// authenticated user, as a rule. Defaults to everybody being the same.
	Subject func(*http.Request) string
	// Required says which requests must have a key. Defaults to none.
	Required func(*http.Request) bool
	// Lifetime is how long a key is remembered. Defaults to 24 hours.
	Lifetime time.Duration
	// MaxAnswer bounds an answer that is recorded, in bytes; a larger one is an
	// error. Defaults to 1 MiB.
	MaxAnswer int
	// WriteError answers a request that can't be served. Required.
	WriteError func(w http.ResponseWriter, r *http.Request, err error)
}

// Middleware does a request with a key once: sent again it gets the recorded
// answer; another request with the same key, and one that comes while the first is
// being worked on, are refused. An answer is recorded when its work is committed;
// after any other the same key may be used again. Safe methods pass.
//
// It must come inside the middleware of package reqtx, with nothing between the two that
// wraps the writer, and reads the whole body: whatever bounds bodies comes before it. The key is looked for by the first statement of the unit of
// work, so what a request with a key needs of its transaction, a mode or a setting, is
// set between the two.
func Middleware(o Options) func(http.Handler) http.Handler {
	o.Lifetime = cmp.Or(o.Lifetime, 24*time.Hour)
	o.MaxAnswer = cmp.Or(o.MaxAnswer, 1<<20)
	if o.Subject == nil {
		o.Subject = func(*http.Request) string { return "" }
	}
	if o.Required == nil {
		o.Required = func(*http.Request) bool { return false }
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			key, err := o.key(r)
			switch {
			case err != nil:
				o.WriteError(w, r, err)
			case key == "":
				next.ServeHTTP(w, r)
			default:
				h, ok := w.(held)
				if !ok {
					o.WriteError(w, r, fmt.Errorf("%w (it is a %T)", errNotHeld, w))
				} else if err := o.serve(h, r, key, next); err != nil {
					o.refuse(h, r, err)
				}
			}
		})
	}
}

// key is the key of a request; empty when it has none and needs none.
func (o Options) key(r *http.Request) (string, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return "", nil
	}
	values := r.Header.Values(Header)
	switch {
	case len(values) == 0 && o.Required(r):
		return "", errMissing
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", ErrMalformed
	}
	key := values[0]
	if unquoted, ok := strings.CutPrefix(key, `"`); ok { // the draft's form is a string of RFC 8941
		key = strings.TrimSuffix(unquoted, `"`)
	}
	printable := func(c rune) bool { return c > ' ' && c <= '~' }
	if key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(c rune) bool { return !printable(c) }) {
		return "", ErrMalformed
	}
	return key, nil
}

// serve does the request, or answers what it was answered before.
func (o Options) serve(w held, r *http.Request, key string, next http.Handler) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return unreadable(err)
	}
	ctx := r.Context()
	rec := record{subject: o.Subject(r), key: key, fingerprint: fingerprint(r, body)}
	known, err := rec.claim(ctx)
	if err != nil {
		return err
	}
	outer := w.Header().Clone()
	if known != nil {
		known.writeTo(w)
		return nil
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer func() { *r = *r.WithContext(ctx) }() // its error is answered in its own context
	*r = *r.WithContext(inner)                  // the request is package reqtx's copy
	r.Body = io.NopCloser(bytes.NewReader(body))
	writer := &recorder{held: w, cancel: cancel}
	next.ServeHTTP(writer, r)
	if writer.err != nil {
		return writer.err
	}
	return o.keep(ctx, rec, w, outer)
}

// unreadable is why a body can't be read: the sender's fault, and no connection that
// the service has lost.
func unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return errBody.With(err)
}

// refuse answers err. Work whose key isn't recorded must not be committed, whatever
// the handler has marked: sent again, it would be done again.
func (o Options) refuse(w held, r *http.Request, err error) {
	_ = txn.RollbackOnly(r.Context()) // there may be nothing to roll back
	w.Reset()
	if errors.Is(err, ErrInFlight) {
		o.WriteError(retryLater{w}, r, err)
		return
	}
	o.WriteError(w, r, err)
}

// retryLater is a writer of an answer that says when the request may be sent again.
type retryLater struct{ http.ResponseWriter }

// WriteHeader sends the header.
func (w retryLater) WriteHeader(status int) {
	w.Header().Set("Retry-After", "1")
	w.ResponseWriter.WriteHeader(status)
}

// keep records the answer if its work is going to be committed.
func (o Options) keep(ctx context.Context, rec record, w held, outer http.Header) error {
	status, header, body, err := w.Held(int64(o.MaxAnswer))
	if err != nil {
		return err
	}
	commits, err := txn.Decide(ctx, status < http.StatusBadRequest)
	if err != nil || !commits {
		return err
	}
	return rec.save(ctx, answer{status, changes(outer, header), body}, o.Lifetime)
}

// fingerprint tells requests apart.
func fingerprint(r *http.Request, body []byte) []byte {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s\n%s\n", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"))
	hash.Write(body)
	return hash.Sum(nil)
}
