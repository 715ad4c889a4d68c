package txn

import "context"

// Mark is what the work has said about its own end.
type Mark uint8

// The marks. The strongest that was set counts, in whichever order.
const (
	// Unmarked leaves the end to whoever made the unit.
	Unmarked Mark = iota
	// MarkedCommit commits whatever the answer is.
	MarkedCommit
	// MarkedRollback rolls back whatever the answer is.
	MarkedRollback
)

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
