// Package caller carries who sends a request in its context.
package caller

import "context"

// Caller sends a request.
type Caller struct {
	// Tenant is whose rows the caller sees. Empty is nobody, who is denied everything.
	Tenant string
	// ReadOnly callers are denied to write, and hooks refuse what Refused ones write.
	ReadOnly, Refused bool
}

type key struct{}

// NewContext returns a context with the caller.
func NewContext(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// FromContext returns the caller: nobody if there is none.
func FromContext(ctx context.Context) Caller {
	c, _ := ctx.Value(key{}).(Caller)
	return c
}
