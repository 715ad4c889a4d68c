// Package identity says who sent a request, and what a route asks of its senders. It
// knows neither HTTP nor tokens: package authn finds out who it is.
package identity

import (
	"context"
	"slices"

	"github.com/google/uuid"
)

// Principal is who sent a request. It is immutable once it is in a context.
type Principal struct {
	// Subject identifies the sender: the subject of a token, or "key:" and the id of an
	// API key. It is unique among the senders of one service.
	Subject string
	// Tenant is whose data the sender works with. It is [uuid.Nil] for a sender without
	// a tenant, who sees no tenant's data.
	Tenant uuid.UUID
	// Scopes are what the sender is allowed to do.
	Scopes []string
}

// Has reports whether the sender has a scope.
func (p *Principal) Has(scope string) bool { return slices.Contains(p.Scopes, scope) }

type principalKey struct{}

// With returns a context that carries who sent the request.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From returns who sent the request of ctx, or nil if that isn't known.
func From(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}

type tenantKey struct{}

// WithTenant returns a context whose work is a tenant's.
func WithTenant(ctx context.Context, tenant uuid.UUID) context.Context {
	return context.WithValue(ctx, tenantKey{}, tenant)
}

// Tenant returns the tenant whose work is done in ctx, or [uuid.Nil].
func Tenant(ctx context.Context) uuid.UUID {
	tenant, _ := ctx.Value(tenantKey{}).(uuid.UUID)
	return tenant
}

// tenants is the namespace of tenants whose issuer names them otherwise than by UUIDs.
var tenants = uuid.MustParse("7d3f0c52-5a57-5b0e-9a3c-0d6f4a4c8e11")

// TenantID returns the id of the tenant that an issuer, an operator or a job names: the
// name itself if it is a UUID in its usual form, and otherwise the version 5 UUID of the
// name, which is always the same. It is [uuid.Nil] for an empty name.
func TenantID(name string) uuid.UUID {
	if name == "" {
		return uuid.Nil
	}
	if id, err := uuid.Parse(name); err == nil && len(name) == len(id.String()) {
		return id
	}
	return uuid.NewSHA1(tenants, []byte(name))
}
