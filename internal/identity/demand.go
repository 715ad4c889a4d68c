package identity

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"commitment/internal/fault"
)

// ScopeCode is the code of the error that a client gets for a [*ScopeError].
const ScopeCode = "insufficient-scope"

// ErrUnauthenticated says that a request needs credentials and has none.
var ErrUnauthenticated = fault.New(fault.Unauthenticated, "", "this needs a bearer token or an API key")

// ErrNoTenant says that a request works with a tenant's data, and its sender has no tenant.
var ErrNoTenant = fault.New(fault.Forbidden, "no-tenant", "this needs credentials of a tenant")

// Demand is what a route asks of the sender of a request. The zero Demand says nothing,
// which no route may.
type Demand struct {
	said, public, tenant bool
	scopes               []string
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

// InTenant returns the demand for a sender with a tenant, who meets d.
func (d Demand) InTenant() Demand {
	d.public, d.tenant = false, true
	return d
}

// IsZero reports whether the demand says nothing.
func (d Demand) IsZero() bool { return !d.said }

// IsPublic reports whether everybody is let in.
func (d Demand) IsPublic() bool { return d.public }

// Scopes returns the scopes that a sender must have.
func (d Demand) Scopes() []string { return slices.Clone(d.scopes) }

// And returns the demand of both: who meets it meets each.
func (d Demand) And(other Demand) Demand {
	both := Demand{
		said: d.said && other.said, public: d.public && other.public, tenant: d.tenant || other.tenant,
		scopes: slices.Clone(d.scopes),
	}
	for _, scope := range other.scopes {
		if !slices.Contains(both.scopes, scope) {
			both.scopes = append(both.scopes, scope)
		}
	}
	return both
}

// Check returns nil if the sender of the request of ctx meets the demand, and otherwise
// [ErrUnauthenticated], a [*ScopeError] for the first scope that is missing, or
// [ErrNoTenant]. A demand that says nothing is met by nobody.
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
	if d.tenant && sender.Tenant == uuid.Nil {
		return ErrNoTenant
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

// IsInTenant reports whether only senders with a tenant are let in.
func (d Demand) IsInTenant() bool { return d.tenant }

// String describes the demand in few words: public, authenticated, or its scopes, and
// whether it takes a tenant.
func (d Demand) String() string {
	words := slices.Clone(d.scopes)
	switch {
	case !d.said:
		return "nothing said"
	case d.public:
		return "public"
	case len(words) == 0:
		words = append(words, "authenticated")
	}
	if d.tenant {
		words = append(words, "in a tenant")
	}
	return strings.Join(words, " ")
}
