package txn

import (
	"context"
	"errors"
	"fmt"
)

// Savepoint runs a part of the work in ctx that may fail and be undone alone: when
// part returns an error, what it wrote is rolled back, the after-commit functions
// that it registered are dropped, and the work may go on. It returns part's error,
// or why the savepoint could not be made or undone, after which nothing goes on.
// A panic leaves the savepoint as it is, for it ends the whole unit.
//
// A serialization failure can't be undone alone: PostgreSQL would report it again.
func Savepoint(ctx context.Context, part func(ctx context.Context) error) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	u.mu.Lock()
	u.savepoints++
	name, registered := fmt.Sprintf("sp%d", u.savepoints), len(u.after)
	u.mu.Unlock()

	if err := u.lazy.Exec(ctx, "SAVEPOINT "+name, []any{}, nil); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	partErr := part(ctx)
	if partErr == nil {
		if err := u.lazy.Exec(ctx, "RELEASE SAVEPOINT "+name, []any{}, nil); err != nil {
			return fmt.Errorf("release savepoint: %w", err)
		}
		return nil
	}
	if _, err := active(ctx); err != nil {
		return errors.Join(partErr, err) // the part has ended the unit
	}
	u.mu.Lock()
	u.after = u.after[:registered]
	u.mu.Unlock()
	// The part may have failed because the client is gone; undoing it is bounded
	// by the end of the unit, which then follows at once.
	err = u.lazy.Exec(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT "+name, []any{}, nil)
	if err != nil {
		return errors.Join(partErr, fmt.Errorf("roll back to savepoint: %w", err))
	}
	u.lazy.forgive()
	return partErr
}

// forgive forgets an error that a savepoint has undone.
func (t *lazyTx) forgive() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retry = nil
}
