// Package fault is the error that crosses the layers: a kind, a sentence that
// is safe to show to a client, and a cause that only the log sees. It knows
// nothing of HTTP and nothing of PostgreSQL; package problem turns a kind into
// a status, package postgres turns a SQLSTATE into a kind.
package fault

import "fmt"

// Kind says what went wrong in the words of the caller. The zero kind is
// Internal, so an error that nobody classified is never shown.
type Kind uint8

// The kinds, from "ours" to "theirs" to "nobody's".
const (
	// Internal is a defect of the service: its message is never shown.
	Internal Kind = iota
	// Malformed is a request that can't be read: bad syntax, a bad cursor.
	Malformed
	// Unauthenticated is a request of nobody known: without credentials, or with
	// some that don't hold.
	Unauthenticated
	// Forbidden is a request that whoever sent it may not make.
	Forbidden
	// Invalid is a request that was understood and breaks a rule.
	Invalid
	// NotFound is a thing that isn't there.
	NotFound
	// Conflict is a request that the present state doesn't allow.
	Conflict
	// Stale is a request made against a version that is no longer current.
	Stale
	// Canceled is a request whose client went away before it was decided.
	Canceled
	// Unavailable is a request that could not be served now and changed
	// nothing: sending it again later is safe.
	Unavailable
	// Unknown is a request of which nobody can say whether it took effect:
	// the connection was lost during COMMIT and the outcome could not be read.
	Unknown
)

// Error is an error that is classified. It is immutable once returned; the With
// methods return copies.
type Error struct {
	// Kind decides how the error is answered.
	Kind Kind
	// Code names the error for programs, in kebab-case; it is stable for as
	// long as the API lives. Empty stands for the kind's own name.
	Code string
	// Message is one sentence that is safe to show to a client.
	Message string
	// Fields name the parts of the request that are wrong.
	Fields []Field
	// Cause is for the log, and is never shown.
	Cause error
}

// Field is one part of a request that is wrong.
type Field struct {
	// Pointer is a JSON pointer into the request's body (RFC 6901), as
	// "/amount", or the name of a parameter without a slash, as "limit".
	Pointer string
	// Message is one sentence that is safe to show.
	Message string
}

// New returns an error of kind with a code and a sentence.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Error is the text for the log: the sentence, and the cause behind it.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is the same classified error: errors made from one
// template by With and At are one and the same to errors.Is.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Code == e.Code && t.Message == e.Message
}

// With returns a copy of e that has a cause.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// At returns a copy of e that blames the part of the request at pointer.
func (e *Error) At(pointer string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{Pointer: pointer, Message: e.Message})
	return &c
}
