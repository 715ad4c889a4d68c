package txn

import (
	"context"

	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent"
)

type unitKey struct{}

// unitContext carries a unit, its [ent.Tx] and its [ent.Client]. The last two are
// made when they are first asked for: Ent makes a client for each entity, and many
// a request needs none.
type unitContext struct {
	context.Context
	unit *Unit
}

// Ent's keys. They are its own, but it shows them to a context that it asks.
var (
	entClientKey   = askedFor(func(ctx context.Context) { ent.FromContext(ctx) })
	entTxKey       = askedFor(func(ctx context.Context) { ent.TxFromContext(ctx) })
	sessionVarsKey = askedFor(func(ctx context.Context) { entsql.VarFromContext(ctx, "") })
)

// hasSessionVars reports whether ctx carries variables of Ent's sql.WithVar.
func hasSessionVars(ctx context.Context) bool { return ctx.Value(sessionVarsKey) != nil }

// askedFor is the key that ask asks a context for.
func askedFor(ask func(context.Context)) any {
	curious := &curiousContext{Context: context.Background()}
	ask(curious)
	return curious.key
}

// curiousContext remembers the last key that it was asked for.
type curiousContext struct {
	context.Context
	key any
}

// Value has nothing.
func (c *curiousContext) Value(key any) any {
	c.key = key
	return nil
}

// Value is the unit, its transaction or its client, or what the context around has.
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

// lazyKey is where the driver finds the transaction of an [ent.Tx] that is made.
type lazyKey struct{}

// entTx is the unit's [ent.Tx].
func (u *Unit) entTx() *ent.Tx {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tx == nil {
		tx, err := u.db.client.BeginTx(context.WithValue(u.ctx, lazyKey{}, &u.lazy), nil)
		if err != nil {
			panic(err) // the driver hands out what it finds, and nothing fails
		}
		u.tx = tx
	}
	return u.tx
}

func fromContext(ctx context.Context) *Unit {
	u, _ := ctx.Value(unitKey{}).(*Unit)
	return u
}

// active returns the unit of work in ctx that hasn't ended.
func active(ctx context.Context) (*Unit, error) {
	u := fromContext(ctx)
	if u == nil {
		return nil, ErrNone
	}
	if u.lazy.hasEnded() {
		return nil, ErrEnded
	}
	return u, nil
}
