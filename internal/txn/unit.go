package txn

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"commitment/ent"
	"commitment/internal/postgres"
)

// Mark is what the work has said about its own end.
type Mark uint8

// The marks. The last one set wins, but nothing lifts MarkedRollback.
const (
	// Unmarked leaves the end to whoever made the unit.
	Unmarked Mark = iota
	// MarkedCommit commits whatever the answer is.
	MarkedCommit
	// MarkedRollback rolls back whatever the answer is.
	MarkedRollback
)

// Unit is one unit of work. Commit, Rollback and Close are for whoever made it.
type Unit struct {
	db      *DB
	lazy    lazyTx
	attempt int
	behind  bool               // CommitBehind has it; its maker's goroutine has nothing to do any more
	ctx     context.Context    //nolint:containedctx // the unit is what rides in it
	cancel  context.CancelFunc // ends the statements that are still running

	mu         sync.Mutex
	tx         *ent.Tx // see entTx; nil as long as nobody has asked for it
	mark       Mark
	after      []func(context.Context) error
	savepoints int // how many were made
}

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
	entClientKey = askedFor(func(ctx context.Context) { ent.FromContext(ctx) })
	entTxKey     = askedFor(func(ctx context.Context) { ent.TxFromContext(ctx) })
)

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

// RollbackOnly marks the unit of work in ctx: it will be rolled back, and the
// answer goes out all the same. Nothing lifts the mark. It returns ErrNone or
// ErrEnded when there is nothing to mark.
func RollbackOnly(ctx context.Context) error { return setMark(ctx, MarkedRollback) }

// CommitAnyway marks the unit of work in ctx: it will be committed although the
// answer is an error, as for a failed login that must be counted. A panic, a
// client that went away, or RollbackOnly still roll back. It returns ErrNone or
// ErrEnded when there is nothing to mark.
func CommitAnyway(ctx context.Context) error { return setMark(ctx, MarkedCommit) }

func setMark(ctx context.Context, m Mark) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.mark = max(u.mark, m)
	return nil
}

// AfterCommit registers f to run once, after a successful COMMIT, in the order
// of registration, on a context of its own with a deadline. The answer doesn't
// wait for it and doesn't know of its error or panic: those are logged. It
// returns ErrNone or ErrEnded when there is no COMMIT to wait for.
func AfterCommit(ctx context.Context, f func(ctx context.Context) error) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.after = append(u.after, f)
	return nil
}

// SetMode changes the isolation level and the access mode of the unit of work in
// ctx, before its first statement: ErrBegun after it.
func SetMode(ctx context.Context, mode sql.TxOptions) error {
	return change(ctx, func(o *postgres.TxOptions) { o.TxOptions = mode })
}

// Set sets a run-time parameter for the unit of work in ctx alone, before its
// first statement: ErrBegun after it. It takes no round trip. Parameters of the
// server, as statement_timeout, and of the application, as app.tenant for
// row-level security, are set alike.
func Set(ctx context.Context, name, value string) error {
	return change(ctx, func(o *postgres.TxOptions) {
		o.Settings = append(o.Settings, postgres.Setting{Name: name, Value: value})
	})
}

func change(ctx context.Context, f func(*postgres.TxOptions)) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	return u.lazy.change(f)
}

// Marked is what the work has said about its own end.
func (u *Unit) Marked() Mark {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.mark
}

// Decide reports whether the unit of work in ctx will be committed, if nothing
// changes, when it ends with success or without. It returns ErrNone or ErrEnded
// when there is nothing to decide.
func Decide(ctx context.Context, success bool) (bool, error) {
	u, err := active(ctx)
	if err != nil {
		return false, err
	}
	return u.Decide(success), nil
}

// Err is why the unit's context has ended: the client went away, or the deadline
// passed. It is nil as long as it hasn't.
func (u *Unit) Err() error { return u.ctx.Err() }

// Decide reports whether the unit is to be committed, when without a mark it
// would be iff success. A client that went away, or a deadline that passed,
// before the work was done rolls back whatever is marked: nobody was told.
func (u *Unit) Decide(success bool) bool {
	if u.ctx.Err() != nil {
		return false
	}
	switch u.Marked() {
	case MarkedRollback:
		return false
	case MarkedCommit:
		return true
	case Unmarked:
	}
	return success
}

// entEnd is what ends the unit: the [ent.Tx], for its hooks, or where nobody has
// asked for one, what is under it.
func (u *Unit) entEnd() interface {
	Commit() error
	Rollback() error
} {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tx == nil {
		return &u.lazy
	}
	return u.tx
}

// Commit ends the unit of work, and is durable when it returns nil. Every error
// but [ErrOutcomeUnknown] means that nothing was committed. It depends on no
// context: from here on a client that goes away no longer matters.
func (u *Unit) Commit() error {
	if !u.lazy.allowEnd() {
		return ErrEnded
	}
	err := u.entEnd().Commit() // runs the hooks of ent.Tx.OnCommit around lazyTx.Commit
	if !u.lazy.hasEnded() {
		// A hook didn't get to the COMMIT, or a statement is still running.
		u.Rollback()
		return err
	}
	switch outcome, _ := u.lazy.result(); outcome {
	case postgres.Committed:
		if err != nil {
			u.db.o.Log.ErrorContext(u.ctx, "committed, though COMMIT or a hook reported an error", "error", err)
		}
		return nil
	case postgres.RolledBack:
		return err
	case postgres.Unknown:
	}
	return ErrOutcomeUnknown.With(err)
}

// Close ends the unit's context, and the unit by Rollback if it hasn't ended.
// Whoever made the unit calls it last, whatever happened.
func (u *Unit) Close() {
	u.cancel()
	u.Rollback()
}

// Rollback ends the unit of work and leaves nothing of it. It cancels a statement
// that is still running. After an end it does nothing. An error of ROLLBACK is
// logged: the connection is dropped and the server rolls back.
func (u *Unit) Rollback() {
	if u.behind || !u.lazy.allowEnd() {
		return
	}
	if u.lazy.busy.Load() {
		u.cancel()
	}
	err := u.entEnd().Rollback() // runs the hooks of ent.Tx.OnRollback around lazyTx.Rollback
	if !u.lazy.hasEnded() {
		err = errors.Join(err, u.lazy.Rollback()) // a hook didn't get to the ROLLBACK
	}
	if err != nil {
		u.db.o.Log.WarnContext(u.ctx, "rollback failed, the connection is dropped", "error", err)
	}
}

// AfterCommit starts the functions that were registered for after the commit,
// if there was one, in a goroutine that [DB.Wait] waits for.
func (u *Unit) AfterCommit() {
	if len(u.after) == 0 || u.behind {
		return
	}
	if outcome, _ := u.lazy.result(); outcome == postgres.Committed {
		u.db.after.Go(u.runAfterCommit)
	}
}

// AnswerFirst reports whether the answer needn't wait for the end of the unit: it
// has only read, below SERIALIZABLE, so its COMMIT decides nothing.
func (u *Unit) AnswerFirst() bool { return u.lazy.readsOnly() }

// CommitBehind commits in a goroutine that [DB.Wait] waits for, after-commit
// functions included. It is for a unit whose answer is out, see AnswerFirst.
func (u *Unit) CommitBehind() {
	u.behind = true
	u.db.after.Go(func() {
		if err := u.Commit(); err != nil {
			u.db.o.Log.WarnContext(u.ctx, "the end of a unit that has only read failed", "error", err)
			return
		}
		u.runAfterCommit()
	})
}

func (u *Unit) runAfterCommit() {
	for _, f := range u.after {
		if err := u.runIsolated(f); err != nil {
			u.db.o.Log.ErrorContext(u.ctx, "after-commit function failed", "error", err)
			if u.db.o.OnAfterCommitError != nil {
				u.db.o.OnAfterCommitError()
			}
		}
	}
}

// runIsolated runs f with a deadline of its own; its panic becomes an error.
func (u *Unit) runIsolated(f func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), u.db.o.AfterCommitTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f(ctx)
}
