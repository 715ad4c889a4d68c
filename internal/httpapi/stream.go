package httpapi

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"commitment/internal/reqtx"
)

// streams is what sse.Register needs: its function may run for as long as it likes from
// the start, before it has sent its first event, which commits.
func streams(ctx huma.Context, next func(huma.Context)) { next(streamContext{ctx}) }

// humaContext is embedded by a name that isn't that of its method.
type humaContext = huma.Context

// streamContext sees the answer become a stream.
type streamContext struct{ humaContext }

// Unwrap is what humachi.Unwrap asks for.
func (c streamContext) Unwrap() huma.Context { return c.humaContext }

// SetHeader sets a field of the answer's header.
func (c streamContext) SetHeader(name, value string) {
	c.humaContext.SetHeader(name, value)
	if _, w := humachi.Unwrap(c.humaContext); name == "Content-Type" && reqtx.IsEventStream(w.Header()) {
		_ = reqtx.LiftTimeouts(w) // else the context has ended, and the middleware answers
	}
}
