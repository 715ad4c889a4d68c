package httpapi

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"commitment/internal/reqtx"
)

// streams lifts the timeouts of responses that become streams, for sse.Register: its
// function may run for long before it sends the first event, which commits.
func streams(ctx huma.Context, next func(huma.Context)) { next(streamContext{ctx}) }

// humaContext is an alias, because an embedded Context would hide the method Context.
type humaContext = huma.Context

// streamContext notices when the response becomes a stream.
type streamContext struct{ humaContext }

// Unwrap is for humachi.Unwrap.
func (c streamContext) Unwrap() huma.Context { return c.humaContext }

// SetHeader sets a field of the response's header.
func (c streamContext) SetHeader(name, value string) {
	c.humaContext.SetHeader(name, value)
	if name != "Content-Type" {
		return
	}
	if _, w := humachi.Unwrap(c.humaContext); reqtx.IsEventStream(w.Header()) {
		_ = reqtx.LiftTimeouts(w) // on an error the context has ended, and the middleware responds
	}
}
