package txn

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"
)

// connection takes a connection from a pool, within the acquire timeout.
func (db *DB) connection(ctx context.Context, pool *sql.DB) (*sql.Conn, error) {
	if db.options.AcquireTimeout <= 0 {
		return pool.Conn(ctx)
	}
	acquire := &acquireContext{current: ctx, timeout: db.options.AcquireTimeout}
	defer acquire.stop()
	conn, err := pool.Conn(acquire)
	if err != nil && acquire.Err() != nil && ctx.Err() == nil {
		return nil, ErrPoolTimeout.With(fmt.Errorf("no connection within %v: %w", db.options.AcquireTimeout, err))
	}
	return conn, err
}

// acquireContext ends when its parent does, or when the wait for a connection has taken as
// long as the timeout. A timer, and the registration with the parent, cost more than to
// take a connection that is idle, so they are left out until something waits: database/sql
// asks for Done once to see whether the context has ended, and again to wait.
type acquireContext struct {
	timeout time.Duration

	mu      sync.Mutex
	current context.Context    //nolint:containedctx // the parent, and then one with a deadline
	cancel  context.CancelFunc // of the latter; nil before
	looked  bool               // Done was called
}

// withDeadline returns the context with a deadline.
func (c *acquireContext) withDeadline() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel == nil {
		c.current, c.cancel = context.WithTimeout(c.current, c.timeout)
	}
	return c.current
}

// now returns the context as it is.
func (c *acquireContext) now() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// look reports whether Done is called for the first time.
func (c *acquireContext) look() (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first = !c.looked
	c.looked = true
	return first
}

// Done returns the parent's channel at first, and then one that is closed at the deadline,
// too.
func (c *acquireContext) Done() <-chan struct{} {
	if c.look() {
		return c.now().Done()
	}
	return c.withDeadline().Done()
}

// Deadline returns when the wait ends at the latest.
func (c *acquireContext) Deadline() (time.Time, bool) { return c.withDeadline().Deadline() }

// Err returns why the context has ended.
func (c *acquireContext) Err() error { return c.now().Err() }

// Value returns the parent's value.
func (c *acquireContext) Value(key any) any { return c.now().Value(key) }

// stop releases the timer, if there is one.
func (c *acquireContext) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}
