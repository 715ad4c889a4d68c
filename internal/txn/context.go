package txn

import (
	"context"
	"sync"
	"sync/atomic"

	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent"
)

type unitKey struct{}

// unitContext is the context of a unit of work. It carries the unit, its [ent.Tx] and its
// [ent.Client]; the latter two are created on first use, as many requests need none. For
// the same reason it becomes a context of package context, which costs a registration
// with its parent, only when somebody waits for its end.
type unitContext struct {
	context.Context // the parent
	unit            *Unit

	mu         sync.Mutex
	state      atomic.Uint32           // changed under mu
	cancelable context.Context         //nolint:containedctx // set in the state cancelable
	cancel     context.CancelCauseFunc // of cancelable
	cause      error                   // of the state canceled
}

// The states of a unitContext.
const (
	untouched  uint32 = iota // it ends when its parent does
	canceled                 // canceled, and nobody was waiting for it
	cancelable               // it is a context of package context
)

// Ent doesn't export its context keys, but passes them to any context that it reads
// from.
var (
	entClientKey   = contextKeyOf(func(ctx context.Context) { ent.FromContext(ctx) })
	entTxKey       = contextKeyOf(func(ctx context.Context) { ent.TxFromContext(ctx) })
	sessionVarsKey = contextKeyOf(func(ctx context.Context) { entsql.VarFromContext(ctx, "") })
)

// hasSessionVars reports whether ctx carries variables of Ent's sql.WithVar.
func hasSessionVars(ctx context.Context) bool { return ctx.Value(sessionVarsKey) != nil }

// contextKeyOf returns the key with which read reads from a context.
func contextKeyOf(read func(context.Context)) any {
	recorder := &keyRecorder{Context: context.Background()}
	read(recorder)
	return recorder.key
}

// keyRecorder records the key that was read last.
type keyRecorder struct {
	context.Context
	key any
}

// Value records the key.
func (c *keyRecorder) Value(key any) any {
	c.key = key
	return nil
}

// begin initializes c.
func (c *unitContext) begin(parent context.Context, u *Unit) { c.Context, c.unit = parent, u }

// Done is closed when the context has ended.
func (c *unitContext) Done() <-chan struct{} { return c.waitable().Done() }

// Err returns why the context has ended.
func (c *unitContext) Err() error {
	if c.state.Load() == untouched {
		return c.Context.Err()
	}
	return c.waitable().Err()
}

// Value returns the unit, its transaction or its client, or else the parent's value.
func (c *unitContext) Value(key any) any {
	switch key {
	case unitKey{}:
		return c.unit
	case entTxKey:
		return c.unit.entTx()
	case entClientKey:
		return c.unit.entTx().Client()
	}
	if c.state.Load() == untouched {
		return c.Context.Value(key)
	}
	return c.waitable().Value(key)
}

// waitable returns the context of package context.
func (c *unitContext) waitable() context.Context {
	if c.state.Load() == cancelable { // for good
		return c.cancelable
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.state.Load() {
	case untouched:
		c.cancelable, c.cancel = context.WithCancelCause(c.Context)
	case canceled: // before its parent
		c.cancelable, c.cancel = context.WithCancelCause(context.WithoutCancel(c.Context))
		c.cancel(c.cause)
	}
	c.state.Store(cancelable)
	return c.cancelable
}

// end cancels the context, unless it has ended.
func (c *unitContext) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state.Load() == cancelable:
		c.cancel(cause)
	case c.state.Load() == untouched && c.Context.Err() == nil:
		c.cause = cause
		c.state.Store(canceled)
	}
}

// entTx returns the unit's [ent.Tx].
func (u *Unit) entTx() *ent.Tx {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tx == nil {
		u.tx = u.db.client.NewTx(&u.ctx, &u.lazy)
	}
	return u.tx
}

func fromContext(ctx context.Context) *Unit {
	u, _ := ctx.Value(unitKey{}).(*Unit)
	return u
}

// active returns the unit of work of ctx, unless it has ended.
func active(ctx context.Context) (*Unit, error) {
	u := fromContext(ctx)
	if u == nil {
		return nil, ErrNoUnit
	}
	if u.lazy.hasEnded() {
		return nil, ErrEnded
	}
	return u, nil
}
