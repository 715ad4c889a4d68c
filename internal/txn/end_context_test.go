package txn

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestTheContextOfTheEnd ends at its deadline, which it tells without a timer.
func TestTheContextOfTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tx := &lazyTx{db: &DB{options: Options{EndTimeout: time.Minute}}, ctx: &detached{t.Context()}}
		start := time.Now()
		ctx := tx.endContext()
		if deadline, ok := ctx.Deadline(); !ok || deadline.Sub(start) != time.Minute || ctx.timed != nil {
			t.Errorf("Deadline() = %v, %v, with a timer: %v, want a minute and none", deadline.Sub(start), ok, ctx.timed != nil)
		}
		if err := ctx.Err(); err != nil {
			t.Errorf("Err() = %v before the deadline", err)
		}
		<-ctx.Done()
		if err := ctx.Err(); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("Err() = %v after %v, want that of the deadline after a minute", err, time.Since(start))
		}
		ctx.stop()
		stopped := tx.endContext()
		stopped.stop() // without a timer
		done := stopped.Done()
		stopped.stop()
		<-done
	})
}
