package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"commitment/internal/middleware"
)

func TestTimeoutSetsADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		problems, _ := newProblems()
		start := time.Now()
		w := serve(middleware.Timeout(time.Minute)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			problems.Write(w, r, r.Context().Err())
		})), httptest.NewRequest(http.MethodGet, "/", nil))
		if elapsed := time.Since(start); elapsed != time.Minute {
			t.Errorf("deadline = %v, want 1m", elapsed)
		}
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
			t.Errorf("response = %d %v, want 503 and Retry-After: 1", w.Code, w.Header())
		}
	})
}

func TestTimeoutEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	var state func() error
	serve(middleware.Timeout(time.Hour)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		state = r.Context().Err
	})), httptest.NewRequest(http.MethodGet, "/", nil))
	if err := state(); !errors.Is(err, context.Canceled) {
		t.Errorf("context's error = %v, want %v", err, context.Canceled)
	}
}

// inTimeout runs f as the handler of a request whose context is a child of parent.
func inTimeout(parent context.Context, d time.Duration, f func(ctx context.Context)) {
	serve(middleware.Timeout(d)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		f(r.Context())
	})), httptest.NewRequestWithContext(parent, http.MethodGet, "/", nil))
}

func TestTimeoutIsTheErrorOfEveryContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inTimeout(t.Context(), time.Minute, func(ctx context.Context) {
			type key struct{}
			child, cancel := context.WithCancel(context.WithValue(ctx, key{}, 1))
			defer cancel()
			longer, cancel := context.WithTimeout(child, time.Hour)
			defer cancel()
			want, _ := ctx.Deadline()
			contexts := map[string]context.Context{"its own": ctx, "a child": child, "one with a later deadline": longer}
			for name, c := range contexts {
				if got, ok := c.Deadline(); !ok || !got.Equal(want) || c.Err() != nil {
					t.Errorf("deadline of %s = %v, %t, error %v, want %v", name, got, ok, c.Err(), want)
				}
			}
			for name, c := range contexts {
				<-c.Done()
				if err := c.Err(); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(context.Cause(c), context.DeadlineExceeded) {
					t.Errorf("error of %s = %v because of %v, want %v", name, err, context.Cause(c), context.DeadlineExceeded)
				}
			}
		})
	})
}

func TestTimeoutLeavesAnEarlierDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		inTimeout(parent, time.Minute, func(ctx context.Context) {
			want, _ := parent.Deadline()
			if got, ok := ctx.Deadline(); !ok || !got.Equal(want) {
				t.Errorf("deadline = %v, %t, want %v", got, ok, want)
			}
			middleware.LiftTimeout(ctx)
			<-ctx.Done()
			if err := ctx.Err(); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v, want %v", err, context.DeadlineExceeded)
			}
		})
	})
}

func TestALiftedTimeoutNeverPasses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, leave := context.WithCancel(t.Context())
		inTimeout(parent, time.Hour, func(outer context.Context) {
			inTimeout(outer, time.Minute, func(ctx context.Context) {
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				middleware.LiftTimeout(child)
				middleware.LiftTimeout(child)
				<-time.After(2 * time.Hour)
				synctest.Wait()
				for _, c := range []context.Context{outer, ctx, child} {
					if _, ok := c.Deadline(); ok || c.Err() != nil {
						t.Errorf("deadline = %t, error = %v, want neither", ok, c.Err())
					}
				}
				leave() // the client still counts
				<-child.Done()
				if err := ctx.Err(); !errors.Is(err, context.Canceled) {
					t.Errorf("error = %v, want %v", err, context.Canceled)
				}
			})
		})
	})
}

func TestATimeoutThatHasPassedStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inTimeout(t.Context(), time.Minute, func(ctx context.Context) {
			<-ctx.Done()
			middleware.LiftTimeout(ctx)
			if _, ok := ctx.Deadline(); !ok || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Errorf("deadline = %t, error = %v, want both to stay", ok, ctx.Err())
			}
		})
	})
}

func TestLiftTimeoutWithoutOne(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	middleware.LiftTimeout(ctx)
	if _, ok := ctx.Deadline(); !ok {
		t.Error("a deadline that Timeout didn't set is lifted")
	}
}
