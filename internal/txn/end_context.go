package txn

import (
	"context"
	"sync"
	"time"
)

// endContext is the context of COMMIT and ROLLBACK: that of the unit without its end, and
// with a deadline. COMMIT itself asks for the deadline alone, so the timer is made when
// something waits for the end.
type endContext struct {
	context.Context // never ends
	deadline        time.Time

	mu     sync.Mutex
	timed  context.Context    //nolint:containedctx // with the timer; nil before
	cancel context.CancelFunc // of the latter
}

// endContext returns a context for the end, which the caller stops.
func (t *lazyTx) endContext() *endContext {
	return &endContext{Context: t.ctx, deadline: time.Now().Add(t.db.options.EndTimeout)}
}

func (c *endContext) withTimer() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		c.timed, c.cancel = context.WithDeadline(c.Context, c.deadline)
	}
	return c.timed
}

// Deadline returns when COMMIT is given up.
func (c *endContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Done is closed at the deadline, or when the context is stopped.
func (c *endContext) Done() <-chan struct{} { return c.withTimer().Done() }

// Err returns why the context has ended.
func (c *endContext) Err() error { return c.withTimer().Err() }

// stop ends the context and its timer, if there is one.
func (c *endContext) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}
