package txn

import "context"

// Mark is what the work has requested about its own end.
type Mark uint8

// The marks. The strongest one applies, in whichever order they were set.
const (
	// Unmarked leaves the decision to the unit's maker.
	Unmarked Mark = iota
	// MarkedCommit commits whatever the response.
	MarkedCommit
	// MarkedRollback rolls back whatever the response.
	MarkedRollback
)

// RollbackOnly marks the unit of work of ctx: it will be rolled back, whatever the
// response, which is sent all the same. The mark can't be removed. It returns ErrNoUnit
// or ErrEnded if there is no unit to mark, and the error of a write of [WithCommit], which
// it sends: nothing else would find it.
func RollbackOnly(ctx context.Context) error {
	if err := setMark(ctx, MarkedRollback); err != nil {
		return err
	}
	return fromContext(ctx).lazy.sendNow(ctx)
}

// CommitAnyway marks the unit of work of ctx: it will be committed even if the response
// is an error, such as for a failed login that must be counted. It is still rolled back
// by a panic, a client that disconnects, or RollbackOnly. It returns ErrNoUnit or
// ErrEnded if there is no unit to mark.
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

// Marked returns the mark of the unit.
func (u *Unit) Marked() Mark {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.mark
}

// Decide reports whether the unit of work of ctx, as marked now, would be committed if
// it ended with success, or without. It returns ErrNoUnit or ErrEnded if there is no
// unit.
func Decide(ctx context.Context, success bool) (bool, error) {
	u, err := active(ctx)
	if err != nil {
		return false, err
	}
	return u.Decide(success), nil
}
