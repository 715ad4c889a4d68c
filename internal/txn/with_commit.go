package txn

import (
	"bytes"
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtx"
	"commitment/internal/sqlgraph"
)

// WithCommit runs f, whose writes are sent together with COMMIT: a unit that ends with k
// writes takes one round trip for all of them and COMMIT. It is for writes whose results
// the rest of the work doesn't need, and the last ones, usually.
//
// The writes are creates, of one entity or many, with ids that the service makes, and
// updates of an Update builder. Each of them returns before it is sent, as if it had
// succeeded; an update then has changed one row. If it turns out to fail, or to change no
// row or more than one ([ErrRowCount]), nothing of the unit is committed, and the error is
// that of the commit: the response is the same as for an error of a statement that the
// handler returns, but the handler can't look at it. What a pointer among the values of a
// write points to must not change until the unit has ended.
//
// Nothing is sent before the end of the unit is decided, so a write that waits is as if it
// had never been when the unit is rolled back. Any other statement sends those that wait
// before itself. WithCommit itself sends them together before it returns, and so returns
// their error, where they can't be sent with COMMIT: when the unit has run no statement
// (the transaction's id, which a search for the outcome needs, must be known before COMMIT
// is sent), in a savepoint, after [RollbackOnly], and in a unit that only reads. In a
// function of [Together] f's writes are that function's.
//
// The writes aren't canceled when a client disconnects or the unit's deadline passes, for
// COMMIT isn't. They have the end timeout, together with COMMIT. Past it the outcome is
// asked for.
func WithCommit(ctx context.Context, f func(ctx context.Context) error) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	if turnOf(ctx) != nil {
		return f(ctx)
	}
	p := &postponement{tx: &u.lazy}
	defer p.end()
	err = f(context.WithValue(ctx, postponementKey{}, p))
	if u.mayPostpone() {
		return err
	}
	return errors.Join(err, u.lazy.sendNow(ctx))
}

// postponement is a call of WithCommit.
type postponement struct {
	tx    *lazyTx
	ended bool // guarded by the mu of tx; a goroutine that f has left behind sends at once
}

func (p *postponement) end() {
	p.tx.mu.Lock()
	defer p.tx.mu.Unlock()
	p.ended = true
}

type postponementKey struct{}

// withoutCommit returns a context whose writes are sent at once.
func withoutCommit(ctx context.Context) context.Context {
	if p, _ := ctx.Value(postponementKey{}).(*postponement); p == nil {
		return ctx
	}
	return context.WithValue(ctx, postponementKey{}, (*postponement)(nil))
}

// mayPostpone reports whether writes may wait for COMMIT.
func (u *Unit) mayPostpone() bool {
	u.mu.Lock()
	allowed := u.mark != MarkedRollback && u.openSavepoints == 0 && !u.db.options.EagerWrites
	u.mu.Unlock()
	t := &u.lazy
	if !t.statementMu.TryLock() {
		return false // a goroutine is in a statement: sendNow returns ErrBusy if there is anything to send
	}
	defer t.statementMu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return allowed && !t.options.ReadOnly && t.tx != nil && !t.busy() && t.currentPhase() == begun
}

// postpone makes a write of a function of WithCommit wait, if it can.
func (t *lazyTx) postpone(ctx context.Context, query string, args []any, v any) bool {
	p, _ := ctx.Value(postponementKey{}).(*postponement)
	if p == nil || p.tx != t || ctx.Err() != nil || hasSessionVars(ctx) {
		return false
	}
	result, counted := v.(*sql.Result)
	switch {
	case v == nil && strings.HasPrefix(query, "INSERT "):
	case counted && isWhole(*result) && strings.HasPrefix(query, "UPDATE "):
		query = changesOne(query)
	default:
		return false
	}
	if !pgtx.LeavesNothing(query) || !t.statementMu.TryLock() {
		return false
	}
	defer t.statementMu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.ended || t.evicting || t.uncommittable != nil || t.busy() {
		return false
	}
	if phase := t.currentPhase(); phase != notBegun && phase != begun {
		return false
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if b, ok := arg.([]byte); ok {
			args[i] = bytes.Clone(b)
		}
	}
	t.waiting = append(t.waiting, &write{query: query, args: args, counted: counted})
	if counted {
		*result = sqldriver.RowsAffected(1)
	}
	return true
}

// isWhole reports whether the result, before its statement, says that the statement is all
// of an update.
func isWhole(result sql.Result) bool {
	_, ok := result.(sqlgraph.Whole)
	return ok
}

// changesOne returns a statement that fails unless the update changes one row.
func changesOne(update string) string {
	return "WITH changed AS (" + update + " RETURNING 1) " +
		`SELECT width_bucket(0::float8, 0, 1, (count(*) = 1)::int) AS "fails unless one row has changed" FROM changed`
}

// notOneRow is the SQLSTATE of that failure, which is a function's own: "count must be
// greater than zero".
const notOneRow = "2201G"

// failure returns the error of a write that has waited.
func (w *write) failure(err error) error {
	const most = 100 // bytes of the statement, which may insert many rows
	err = fmt.Errorf("%.*s: %w", most, w.query, err)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && w.counted && pgErr.Code == notOneRow {
		return ErrRowCount.With(err)
	}
	return err
}

// dropWaiting forgets the writes that wait.
func (t *lazyTx) dropWaiting() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = nil
}

// sendNow sends the writes that wait.
func (t *lazyTx) sendNow(ctx context.Context) error {
	t.mu.Lock()
	none := len(t.waiting) == 0
	t.mu.Unlock()
	if none {
		return nil
	}
	err := t.lockStatement(ctx)
	if err == nil {
		t.statementMu.Unlock()
	}
	return err
}

// sendWaiting sends the writes that wait, together. If it can't, they are lost, and nothing
// is committed, unless the server knows and a savepoint is rolled back to. The caller
// holds statementMu.
func (t *lazyTx) sendWaiting(ctx context.Context) error {
	t.mu.Lock()
	writes := t.waiting
	if len(writes) > 0 && t.busy() {
		t.mu.Unlock()
		return ErrBusy
	}
	t.waiting = nil
	t.mu.Unlock()
	if len(writes) == 0 {
		return nil
	}
	err := t.sendLocked(ctx, writes)
	if err == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.currentPhase() != failed {
		t.forbidCommit(ErrSwallowed)
	}
	for _, w := range writes {
		if w.err != nil && !errors.Is(w.err, ErrSkipped) {
			return w.failure(err)
		}
	}
	return err
}

// sendBeforeCommit sends the writes that wait, for a transaction that has more to do at its
// end than COMMIT. The caller holds mu and statementMu.
func (t *lazyTx) sendBeforeCommit() error {
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.ctx, t.db.options.EndTimeout)
	err := t.sendWaiting(ctx)
	cancel()
	t.mu.Lock()
	if err != nil {
		return err
	}
	return t.commitError()
}

// commitWithWaiting commits, with the writes that wait in front of COMMIT.
func (t *lazyTx) commitWithWaiting(ctx context.Context) error {
	writes := make([]pgtx.Write, len(t.waiting))
	for i, w := range t.waiting {
		writes[i] = pgtx.Write{SQL: w.query, Args: w.args}
	}
	err := t.tx.CommitWith(ctx, writes)
	if failed, ok := errors.AsType[*pgtx.WriteError](err); ok {
		return t.waiting[failed.Index].failure(err)
	}
	return err
}
