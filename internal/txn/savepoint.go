package txn

import (
	"context"
	"errors"
	"fmt"
)

// Savepoint runs a part of the work of ctx that may fail by itself: if part returns an
// error, what it wrote is rolled back, the after-commit functions that it registered
// are dropped, and the work may go on. It returns part's error, or why the savepoint
// couldn't be set, released or rolled back to, after which the unit can't be committed.
// A panic is rolled back alike, in case it is recovered. A serialization failure can't
// be rolled back alone: PostgreSQL would report it again.
func Savepoint(ctx context.Context, part func(ctx context.Context) error) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	s, err := u.savepoint(ctx)
	if err != nil {
		return err
	}
	returned := false
	defer func() {
		if !returned {
			_ = s.undo(ctx) // on an error it forbids the commit
		}
	}()
	partErr := part(withoutCommit(ctx))
	returned = true
	if partErr == nil {
		return s.release(ctx)
	}
	if _, err := active(ctx); err != nil {
		return errors.Join(partErr, err) // the part has ended the unit
	}
	if err := s.undo(ctx); err != nil {
		return errors.Join(partErr, err)
	}
	return partErr
}

// savepoint is a point that a unit of work can roll back to.
type savepoint struct {
	unit        *Unit
	name        string
	afterCommit int // number of after-commit functions before the part
	hooks       int // number of hooks of ent.Tx.OnCommit before the part
}

func (u *Unit) savepoint(ctx context.Context) (savepoint, error) {
	if turnOf(ctx) != nil {
		return savepoint{}, ErrNested
	}
	u.mu.Lock()
	u.savepoints++
	s := savepoint{unit: u, name: fmt.Sprintf("sp%d", u.savepoints), afterCommit: len(u.afterCommit)}
	if u.tx != nil {
		s.hooks, _ = u.tx.HookCounts()
	}
	u.mu.Unlock()
	if err := u.lazy.Exec(ctx, "SAVEPOINT "+s.name, []any{}, nil); err != nil {
		return s, fmt.Errorf("savepoint: %w", err)
	}
	u.countSavepoint(1)
	return s, nil
}

// countSavepoint changes the number of savepoints that are open.
func (u *Unit) countSavepoint(by int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.openSavepoints += by
}

func (s savepoint) release(ctx context.Context) error {
	defer s.unit.countSavepoint(-1)
	if err := s.unit.lazy.Exec(ctx, "RELEASE SAVEPOINT "+s.name, []any{}, nil); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// undo rolls back to the savepoint. The part may have failed because the client is
// gone, so the client's context doesn't apply.
func (s savepoint) undo(ctx context.Context) error {
	u := s.unit
	u.mu.Lock()
	u.openSavepoints--
	u.afterCommit = u.afterCommit[:min(s.afterCommit, len(u.afterCommit))] // none are left if the part has ended the unit
	if u.tx != nil {
		_, rollback := u.tx.HookCounts() // hooks of OnRollback stay: what they belong to was rolled back
		u.tx.TruncateHooks(s.hooks, rollback)
	}
	u.mu.Unlock()
	u.lazy.dropWaiting() // they are the part's: setting the savepoint has sent those before
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.db.options.EndTimeout)
	defer cancel()
	err := u.lazy.Exec(ctx, "ROLLBACK TO SAVEPOINT "+s.name, []any{}, nil)
	u.lazy.savepointUndone(err == nil)
	if err != nil {
		return fmt.Errorf("roll back to savepoint: %w", err)
	}
	return nil
}
