// Package fault is the error type that crosses the layers: a kind, a sentence that is
// safe to show to a client, and a cause for the log alone. It knows nothing of HTTP or
// PostgreSQL: package problem maps a kind to a status, package postgres maps a SQLSTATE
// to a kind.
package fault

import "fmt"

// Kind classifies an error. The zero kind is Internal, so an error that nobody
// classified is never shown.
type Kind uint8

// The kinds: first the service's fault, then the client's, then nobody's.
const (
	// Internal is a defect of the service. Its message is never shown.
	Internal Kind = iota
	// Malformed is a request that can't be parsed: bad syntax, a bad cursor.
	Malformed
	// Unauthenticated is a request without credentials, or with invalid ones.
	Unauthenticated
	// Forbidden is a request that its sender isn't allowed to make.
	Forbidden
	// Invalid is a well-formed request that breaks a rule.
	Invalid
	// NotFound is a request for something that doesn't exist.
	NotFound
	// Conflict is a request that the current state doesn't allow.
	Conflict
	// Stale is a request made for a version that is no longer current.
	Stale
	// Canceled is a request whose client disconnected before it was decided.
	Canceled
	// Unavailable is a request that can't be served now and changed nothing: it is safe
	// to retry later.
	Unavailable
	// Unknown is a request that may or may not have taken effect: the connection was
	// lost during COMMIT, and the outcome couldn't be determined.
	Unknown
)

// Error is a classified error. It is immutable once returned; With and At return
// copies.
type Error struct {
	// Kind decides the status of the response.
	Kind Kind
	// Code identifies the error to programs, in kebab-case, and stays the same for the
	// life of the API. Empty means the kind's own code.
	Code string
	// Message is one sentence that is safe to show to a client.
	Message string
	// Fields are the invalid parts of the request.
	Fields []Field
	// Constraint names the rule of the data that the request breaks, if nothing more is
	// known: a caller that knows which part of the request breaks it can add the part.
	Constraint string
	// Cause is for the log; it is never shown.
	Cause error
}

// Field is an invalid part of a request.
type Field struct {
	// Pointer is a JSON pointer into the request body (RFC 6901), such as "/amount", or
	// the name of a parameter, which has no slash, such as "limit".
	Pointer string
	// Message is one sentence that is safe to show.
	Message string
}

// New returns an error of a kind, with a code and a message.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Error returns the message and the cause, for the log.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target has the same kind, code and message: to errors.Is, the
// copies that With and At make of an error are that error.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code && t.Message == e.Message
}

// With returns a copy of e with a cause.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// At returns a copy of e that names an invalid part of the request.
func (e *Error) At(pointer string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{Pointer: pointer, Message: e.Message})
	return &c
}
