// Package idempotency makes requests safe to retry: it implements the header field
// Idempotency-Key of draft-ietf-httpapi-idempotency-key-header. The key and the
// response are recorded in the request's own transaction, so a key is recorded if and
// only if its work is committed. The middleware comes inside of package reqtx's, which
// holds the response until both are committed.
//
//	r.Use(reqtx.Middleware(db, …), idempotency.Middleware(idempotency.Options{WriteError: problems.Write}))
//
// The response to a request with a key:
//
//	the key is new                                   the work is done, and its response recorded
//	the key is known, with the same request          the recorded response, marked as replayed
//	the key is known, with another request           422 idempotency-key-reused
//	the first request is in progress                 409 idempotency-key-in-flight, at once, with Retry-After
//	the key is empty, too long, not ASCII, repeated  400 idempotency-key-malformed
//	there is no key, but Options.Required wants one  400 idempotency-key-missing
//	the handler calls reqtx.Stream                   400 idempotency-key-unsupported
//
// Two requests are the same if their method, target, content type and body are. A
// response is recorded only when its work is committed. So after an error, a crash or
// an unknown outcome the client retries with the same key until it gets a response: the
// work is done once. A key that has expired counts as new; [Sweep] deletes expired keys
// in batches.
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
	"commitment/internal/identity"
	"commitment/internal/txn"
)

// Names of header fields.
const (
	// Header is the request's field.
	Header = "Idempotency-Key"
	// ReplayedHeader is "true" in a response that is replayed.
	ReplayedHeader = "Idempotent-Replayed"
)

// maxKey is the maximum length of a key, in bytes.
const maxKey = 255

// Errors that any request with a key may get.
var (
	// ErrMalformed: the key is invalid.
	ErrMalformed = fault.New(fault.Malformed, "idempotency-key-malformed",
		"an Idempotency-Key must have 1 to 255 printable ASCII characters and no spaces").At(Header)
	// ErrUnsupported: the handler called reqtx.Stream.
	ErrUnsupported = fault.New(fault.Malformed, "idempotency-key-unsupported",
		"a streamed response can't be recorded: send this request without an Idempotency-Key").At(Header)
	// ErrReused: the key was used for another request.
	ErrReused = fault.New(fault.Invalid, "idempotency-key-reused",
		"this Idempotency-Key was used for another request").At(Header)
	// ErrInFlight: the first request with the key is still in progress.
	ErrInFlight = fault.New(fault.Conflict, "idempotency-key-in-flight",
		"the first request with this Idempotency-Key is still in progress").At(Header)
)

var (
	errMissing       = fault.New(fault.Malformed, "idempotency-key-missing", "this request needs an Idempotency-Key").At(Header)
	errWrappedWriter = errors.New("idempotency: the writer isn't reqtx's: no middleware between the two may wrap it")
	errBody          = fault.New(fault.Malformed, "", "the body is incomplete")
)

// Options configure the middleware.
type Options struct {
	// Subject identifies the sender of a request, usually the authenticated user: each
	// sender has its own keys in each tenant. Defaults to one sender for all requests.
	Subject func(*http.Request) string
	// Required reports whether a request must have a key. Defaults to never.
	Required func(*http.Request) bool
	// Lifetime is how long a key is remembered. Defaults to 24 hours.
	Lifetime time.Duration
	// MaxResponse limits a recorded response body, in bytes; a larger one is an error.
	// Defaults to 1 MiB.
	MaxResponse int
	// WriteError responds to a request that can't be served. Required.
	WriteError func(w http.ResponseWriter, r *http.Request, err error)
}

// Middleware executes a request with a key once: a retry gets the recorded response;
// another request with the same key, and a retry while the first request is in
// progress, are refused. A response is recorded when its work is committed; otherwise
// the key may be used again. Safe methods pass. It must come inside of package reqtx's
// middleware, without anything in between that wraps the writer. It reads the whole
// body, so the middleware that limits bodies comes before it. Its query for the key is
// the first statement of the unit of work, so a mode or a setting for requests with a
// key is set between the two.
func Middleware(o Options) func(http.Handler) http.Handler {
	o.Lifetime = cmp.Or(o.Lifetime, 24*time.Hour)
	o.MaxResponse = cmp.Or(o.MaxResponse, 1<<20)
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
				h, ok := w.(heldResponse)
				if !ok {
					o.WriteError(w, r, fmt.Errorf("%w (it is a %T)", errWrappedWriter, w))
				} else if err := o.executeOnce(h, r, key, next); err != nil {
					o.writeError(h, r, err)
				}
			}
		})
	}
}

// key returns the key of a request, or "" if it has none and needs none.
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
	if unquoted, ok := strings.CutPrefix(key, `"`); ok { // in the draft a key is a string of RFC 8941
		key = strings.TrimSuffix(unquoted, `"`)
	}
	printable := func(c rune) bool { return c > ' ' && c <= '~' }
	if key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(c rune) bool { return !printable(c) }) {
		return "", ErrMalformed
	}
	return key, nil
}

// executeOnce serves the request, or replays the recorded response.
func (o Options) executeOnce(w heldResponse, r *http.Request, key string, next http.Handler) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyError(err)
	}
	ctx := r.Context()
	rec := record{tenant: identity.Tenant(ctx), subject: o.Subject(r), key: key, fingerprint: fingerprint(r, body)}
	known, err := rec.claim(ctx)
	if err != nil {
		return err
	}
	outer := w.Header().Clone()
	if known != nil {
		known.replay(w)
		return nil
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer func() { *r = *r.WithContext(ctx) }() // an error is written in the original context
	*r = *r.WithContext(inner)                  // r is package reqtx's copy
	r.Body = io.NopCloser(bytes.NewReader(body))
	writer := &recorder{heldResponse: w, cancel: cancel}
	next.ServeHTTP(writer, r)
	if writer.err != nil {
		return writer.err
	}
	return o.record(ctx, rec, w, outer)
}

// bodyError returns the error for a body that can't be read: the client's fault, not a
// connection that the service has lost.
func bodyError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return errBody.With(err)
}

// writeError responds with err. Work whose key isn't recorded must not be committed,
// whatever the handler has marked: a retry would do it again.
func (o Options) writeError(w heldResponse, r *http.Request, err error) {
	_ = txn.RollbackOnly(r.Context()) // there may be nothing to roll back
	w.Reset()
	if errors.Is(err, ErrInFlight) {
		o.WriteError(retryAfterWriter{w}, r, err)
		return
	}
	o.WriteError(w, r, err)
}

// retryAfterWriter adds a Retry-After to the response.
type retryAfterWriter struct{ http.ResponseWriter }

// WriteHeader sends the header.
func (w retryAfterWriter) WriteHeader(status int) {
	w.Header().Set("Retry-After", "1")
	w.ResponseWriter.WriteHeader(status)
}

// record records the response if its work will be committed.
func (o Options) record(ctx context.Context, rec record, w heldResponse, outer http.Header) error {
	status, header, body, err := w.Snapshot(int64(o.MaxResponse))
	if err != nil {
		return err
	}
	commits, err := txn.Decide(ctx, status < http.StatusBadRequest)
	if err != nil || !commits {
		return err
	}
	return rec.save(ctx, recordedResponse{status, headerChanges(outer, header), body}, o.Lifetime)
}

// fingerprint identifies a request.
func fingerprint(r *http.Request, body []byte) []byte {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s\n%s\n", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"))
	hash.Write(body)
	return hash.Sum(nil)
}
