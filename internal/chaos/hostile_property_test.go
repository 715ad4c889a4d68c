package chaos

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"commitment/internal/pgtest"
	"commitment/internal/txn"
)

// TestHostileHandlersAtRandom runs several hostile handlers as one, some of them in
// savepoints: a client that gets a success finds exactly the rows that were written,
// and one that doesn't finds none. -rapid.checks sets how many.
func TestHostileHandlersAtRandom(t *testing.T) {
	t.Parallel()
	direct := pgtest.EmptyURL(t)
	s := serveHostile(t, direct, direct)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(hostileHandlers)), func(name string) bool { return hostileHandlers[name].alone })
	rapid.Check(t, func(t *rapid.T) {
		s.t = t
		var steps []func(*call)
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			run := hostileHandlers[rapid.SampledFrom(names).Draw(t, "handler")].run
			switch rapid.IntRange(0, 5).Draw(t, "savepoint") {
			case 0:
				run = part(run, nil)
			case 1:
				run = part(run, errors.New("the part failed"))
			}
			steps = append(steps, run)
		}
		s.mu.Lock()
		s.drawn = hostile{run: func(c *call) {
			for _, run := range steps {
				run(c)
			}
		}}
		s.mu.Unlock()
		method := rapid.SampledFrom([]string{http.MethodPost, http.MethodPost, http.MethodGet}).Draw(t, "method")
		status, tag := s.send("drawn", method, rapid.IntRange(0, 3).Draw(t, "refuse") == 0)
		s.strays.Wait()
		want := int64(0)
		if status == kept {
			want = s.written()
		}
		if rows := s.rows(tag); int64(rows) != want {
			t.Errorf("%s = %d with %d rows, want %d", method, status, rows, want)
		}
		s.wantWhole()
	})
}

// part runs a handler in a savepoint, which is rolled back if it ends with an error.
func part(run func(*call), err error) func(*call) {
	return func(c *call) {
		before := c.done.Load()
		undone := txn.Savepoint(c.ctx, func(ctx context.Context) error {
			run(c)
			return err
		})
		if undone != nil {
			c.done.Store(before)
		}
	}
}
