package txn

import (
	"context"
	"errors"
	"fmt"
)

// Savepoint runs a part of the work in ctx that may fail and be undone alone: when
// part returns an error, what it wrote is rolled back, the after-commit functions
// that it registered are dropped, and the work may go on. It returns part's error,
// or why the savepoint could not be made, released or undone, after which nothing
// goes on. A panic is undone alike, in case somebody recovers.
//
// A serialization failure can't be undone alone: PostgreSQL would report it again.
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
			_ = s.undo(ctx) // what it can't undo, it keeps from being committed
		}
	}()
	partErr := part(ctx)
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

// savepoint is where a unit of work can go back to.
type savepoint struct {
	unit       *Unit
	name       string
	registered int // after-commit functions, before the part
	hooks      int // of ent.Tx.OnCommit, likewise
}

func (u *Unit) savepoint(ctx context.Context) (savepoint, error) {
	u.mu.Lock()
	u.savepoints++
	s := savepoint{unit: u, name: fmt.Sprintf("sp%d", u.savepoints), registered: len(u.after)}
	if u.tx != nil {
		s.hooks, _ = u.tx.HookCounts()
	}
	u.mu.Unlock()
	if err := u.lazy.Exec(ctx, "SAVEPOINT "+s.name, []any{}, nil); err != nil {
		return s, fmt.Errorf("savepoint: %w", err)
	}
	return s, nil
}

func (s savepoint) release(ctx context.Context) error {
	if err := s.unit.lazy.Exec(ctx, "RELEASE SAVEPOINT "+s.name, []any{}, nil); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// undo goes back. The part may have failed because the client is gone, so no
// client cancels it.
func (s savepoint) undo(ctx context.Context) error {
	u := s.unit
	u.mu.Lock()
	u.after = u.after[:s.registered]
	if u.tx != nil {
		_, rollback := u.tx.HookCounts() // those of OnRollback stay: what they are about was rolled back
		u.tx.TruncateHooks(s.hooks, rollback)
	}
	u.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.db.o.EndTimeout)
	defer cancel()
	err := u.lazy.Exec(ctx, "ROLLBACK TO SAVEPOINT "+s.name, []any{}, nil)
	u.lazy.undone(err == nil)
	if err != nil {
		return fmt.Errorf("roll back to savepoint: %w", err)
	}
	return nil
}
