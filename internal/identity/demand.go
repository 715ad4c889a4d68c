package identity

import (
	"context"
	"slices"
	"strings"

	"commitment/internal/fault"
)

// ScopeCode is the code of the error that a client gets for a [*ScopeError].
const ScopeCode = "insufficient-scope"

// ErrUnauthenticated says that a request needs credentials and has none.
var ErrUnauthenticated = fault.New(fault.Unauthenticated, "", "this needs a bearer token or an API key")

// Demand is what a route asks of the sender of a request. The zero Demand says nothing,
// which no route may.
type Demand struct {
	said   bool
	public bool
	scopes []string
}

// The demands that name no scope.
var (
	// Public lets everybody in, with or without credentials.
	Public = Demand{said: true, public: true}
	// Authenticated lets in whoever has valid credentials.
	Authenticated = Demand{said: true}
)

// Scopes lets in who has all of these scopes.
func Scopes(scopes ...string) Demand {
	return Demand{said: true, scopes: slices.Clone(scopes)}
}

// IsZero reports whether the demand says nothing.
func (d Demand) IsZero() bool { return !d.said }

// IsPublic reports whether everybody is let in.
func (d Demand) IsPublic() bool { return d.public }

// Scopes returns the scopes that a sender must have.
func (d Demand) Scopes() []string { return slices.Clone(d.scopes) }

// And returns the demand of both: who meets it meets each.
func (d Demand) And(other Demand) Demand {
	both := Demand{said: d.said && other.said, public: d.public && other.public, scopes: slices.Clone(d.scopes)}
	for _, scope := range other.scopes {
		if !slices.Contains(both.scopes, scope) {
			both.scopes = append(both.scopes, scope)
		}
	}
	return both
}

// Check returns nil if the sender of the request of ctx meets the demand, and otherwise
// [ErrUnauthenticated], or a [*ScopeError] for the first scope that is missing. A demand
// that says nothing is met by nobody.
func (d Demand) Check(ctx context.Context) error {
	if d.said && d.public {
		return nil
	}
	sender := From(ctx)
	if sender == nil || !d.said {
		return ErrUnauthenticated
	}
	for _, scope := range d.scopes {
		if !sender.Has(scope) {
			return &ScopeError{Scope: scope}
		}
	}
	return nil
}

// ScopeError says that the sender lacks a scope.
type ScopeError struct{ Scope string }

// Error names the scope.
func (e *ScopeError) Error() string { return "this needs the scope " + e.Scope }

// Unwrap returns what the client gets.
func (e *ScopeError) Unwrap() error {
	return fault.New(fault.Forbidden, ScopeCode, e.Error())
}

// String describes the demand in a word or two: public, authenticated, or its scopes.
func (d Demand) String() string {
	switch {
	case !d.said:
		return "nothing said"
	case d.public:
		return "public"
	case len(d.scopes) == 0:
		return "authenticated"
	}
	return strings.Join(d.scopes, " ")
}
