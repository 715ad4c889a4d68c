package txn

import (
	"cmp"
	"context"
	"time"

	"commitment/internal/pgtx"
)

// A Tracer follows units of work. Each of its methods is called when a step begins, and
// returns the function to call at the step's end. Statements aren't among the steps,
// since pgx has a tracer for them; the contexts here are their parents.
type Tracer interface {
	// Attempt begins an attempt at the work, from 1. The context that it returns is the
	// unit's. The error of the end is the one that makes the work worth a retry, or nil.
	Attempt(ctx context.Context, number int) (context.Context, func(error))
	// Transaction begins the transaction that the attempt of ctx runs in, before it has a
	// connection. It may add settings to o, which travel with BEGIN. COMMIT and the
	// search for the outcome are parts of it.
	Transaction(ctx context.Context, o *pgtx.TxOptions) func(pgtx.Outcome, error)
	// OutcomeSearch begins the search for the outcome of a COMMIT whose response was lost.
	OutcomeSearch(ctx context.Context) (context.Context, func(pgtx.Outcome, error))
	// AfterCommit begins an after-commit function.
	AfterCommit(ctx context.Context) (context.Context, func(error))
}

// detached has the values of a unit's context, and never ends. COMMIT, ROLLBACK and the
// search for an outcome run on it: no client cancels them.
type detached struct {
	context.Context //nolint:containedctx // the unit's
}

// Deadline returns none.
func (detached) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// Done returns nil.
func (detached) Done() <-chan struct{} { return nil }

// Err returns nil.
func (detached) Err() error { return nil }

// startTrace tells the tracer, if there is one, that the transaction begins. The caller
// holds mu.
func (t *lazyTx) startTrace() {
	if tracer := t.db.options.Tracer; tracer != nil && t.traceEnd == nil {
		t.traceEnd = tracer.Transaction(t.ctx, &t.options)
	}
}

// endTrace tells the tracer, if there is one, that the transaction has ended. The caller
// holds mu.
func (t *lazyTx) endTrace(outcome pgtx.Outcome, err error) {
	if t.traceEnd != nil {
		t.traceEnd(outcome, cmp.Or(t.retryCause, err))
		t.traceEnd = nil
	}
}
