package txn

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtx"
)

var (
	// ErrSkipped is the error of a write in a function of Together that wasn't run: one that
	// was to be sent with it has failed, or another function has.
	ErrSkipped = errors.New("txn: not run, because something that was to happen together with it failed")
	// ErrNested is the error of Together and Savepoint in a function of Together.
	ErrNested = errors.New("txn: neither Together nor Savepoint can be used in a function of Together")
)

// Together runs functions whose statements don't need each other's results, and sends their
// writes together: k writes in k functions take one round trip. A function runs until its
// first statement of Ent's that returns no rows; then the next function runs. Once all have
// come to one, or have returned, these statements are sent in the order of the functions,
// and each function goes on with the result of its own. A statement that returns rows, and
// SQL by hand, takes a round trip of its own, after the writes of the functions before it.
//
// One function runs at a time, in a goroutine of its own and with a context of its own,
// which its statements must be given. When a statement or a function fails, no further
// writes are sent: those get [ErrSkipped]. Together then returns the first error that isn't
// ErrSkipped, in the order of the functions. Once a statement has failed the unit can't be
// committed, as always. A panic of a function becomes one of Together.
func Together(ctx context.Context, functions ...func(ctx context.Context) error) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	if turnOf(ctx) != nil {
		return ErrNested
	}
	turns := turnsOf(ctx, &u.lazy, functions)
	for failed := false; ; {
		writes := make([]*write, 0, len(turns))
		for _, t := range turns {
			w := t.next(failed)
			for ; w != nil && w.query == ""; w = t.next(failed) {
				failed = u.lazy.send(ctx, writes) != nil
				writes = nil
				if failed {
					w.err = ErrSkipped
				}
			}
			if w != nil {
				writes = append(writes, w)
			}
			failed = failed || t.failed()
		}
		switch {
		case !slices.ContainsFunc(turns, (*turn).goesOn):
			return outcomeOf(turns)
		case failed:
			skip(writes)
		default:
			failed = u.lazy.send(ctx, writes) != nil
		}
	}
}

// outcomeOf returns the first error of functions that have returned, or panics as one did.
func outcomeOf(turns []*turn) (first error) {
	for _, t := range turns {
		switch {
		case t.panic != nil:
			panic(t.panic)
		case !t.returned:
			runtime.Goexit() // as the function did
		case t.err != nil && (first == nil || errors.Is(first, ErrSkipped) && !errors.Is(t.err, ErrSkipped)):
			first = t.err
		}
	}
	return first
}

// write is a statement that waits to be sent, and then its result. Without a query it waits
// for the writes before it.
type write struct {
	query   string
	args    []any
	counted bool // it fails unless it changes one row
	tag     pgconn.CommandTag
	err     error
	done    bool // the others are set
}

func skip(writes []*write) {
	for _, w := range writes {
		w.err = ErrSkipped
	}
}

// turn is a function of Together.
type turn struct {
	tx       *lazyTx
	ctx      turnContext
	function func(context.Context) error
	started  bool

	mu      sync.Mutex
	changed sync.Cond
	write   *write // that the function waits for
	ended   bool   // the function isn't running any more; the fields below are set

	returned bool // rather than panicked, or left by Goexit
	err      error
	panic    any
}

type turnKey struct{}

// turnContext is the context of a function of Together.
type turnContext struct {
	context.Context
	turn *turn
}

// Value returns the function, or else the parent's value.
func (c *turnContext) Value(key any) any {
	if key == (turnKey{}) {
		return c.turn
	}
	return c.Context.Value(key)
}

// turnOf returns the function of Together that ctx is for, or nil.
func turnOf(ctx context.Context) *turn {
	t, _ := ctx.Value(turnKey{}).(*turn)
	return t
}

func turnsOf(ctx context.Context, tx *lazyTx, functions []func(context.Context) error) []*turn {
	all, made := make([]turn, len(functions)), make([]*turn, len(functions))
	for i, f := range functions {
		t := &all[i]
		t.tx, t.ctx, t.function = tx, turnContext{ctx, t}, f
		t.changed.L = &t.mu
		made[i] = t
	}
	return made
}

// run runs the function, in a goroutine of its own.
func (t *turn) run() {
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.panic, t.ended = recover(), true
		t.changed.Broadcast()
	}()
	reserveStack()
	t.err = t.function(&t.ctx)
	t.returned = true
}

// next lets the function go on, and returns the next write that it waits for, or nil when
// it has ended. If something has failed it runs to its end, and its writes are skipped.
func (t *turn) next(failed bool) *write {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.started:
	case failed:
		t.ended, t.returned, t.err = true, true, ErrSkipped
	default:
		go t.run()
	}
	t.started = true
	for {
		if t.write != nil {
			t.write.done, t.write = true, nil
			t.changed.Broadcast()
		}
		for t.write == nil && !t.ended {
			t.changed.Wait()
		}
		if t.write == nil || !failed {
			return t.write
		}
		t.write.err = ErrSkipped
	}
}

// failed reports whether the function has ended otherwise than with nil.
func (t *turn) failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended && (t.err != nil || !t.returned)
}

// goesOn reports whether the function hasn't ended.
func (t *turn) goesOn() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.ended
}

// exec waits until the write has been sent with those of the other functions.
func (t *turn) exec(w *write) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ended:
		return ErrEnded // a goroutine that the function has left behind
	case t.write != nil:
		return ErrBusy
	}
	t.write = w
	t.changed.Broadcast()
	for !w.done {
		t.changed.Wait()
	}
	return w.err
}

// send sends writes together, and returns the first error.
func (t *lazyTx) send(ctx context.Context, writes []*write) error {
	if len(writes) == 0 {
		return nil
	}
	skip(writes)
	if err := t.lockStatement(ctx); err != nil {
		writes[0].err = err
		return err
	}
	defer t.statementMu.Unlock()
	return t.sendLocked(ctx, writes)
}

// sendLocked is send for a caller that holds statementMu.
func (t *lazyTx) sendLocked(ctx context.Context, writes []*write) error {
	failing := writes[0] // unless another one is found to be
	err := t.run(ctx, func(*sql.Conn) error {
		skip(writes) // and again when it is tried on another connection
		failing = writes[0]
		conn, err := t.pgxConn()
		if err != nil {
			return err
		}
		if len(writes) == 1 {
			failing.tag, failing.err = conn.Exec(ctx, failing.query, failing.args...)
			return failing.err
		}
		batch := pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(writes))}
		for _, w := range writes {
			batch.Queue(w.query, w.args...)
		}
		results := conn.SendBatch(ctx, &batch)
		for _, w := range writes {
			if w.tag, w.err = results.Exec(); w.err != nil {
				failing = w
				_ = results.Close() // has the same error: PostgreSQL has skipped the others
				pgtx.BatchNotSent(conn, w.err)
				return w.err
			}
		}
		return results.Close()
	})
	if err != nil {
		failing.err = err
	}
	return err
}
