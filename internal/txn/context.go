package txn

import (
	"context"

	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent"
)

type unitKey struct{}

// unitContext carries a unit, its [ent.Tx] and its [ent.Client]. The latter two are
// created on first use: Ent creates a client for each entity, and many requests need
// none.
type unitContext struct {
	context.Context
	unit *Unit
}

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
	return c.Context.Value(key)
}

// entTx returns the unit's [ent.Tx].
func (u *Unit) entTx() *ent.Tx {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tx == nil {
		u.tx = u.db.client.NewTx(u.ctx, &u.lazy)
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
