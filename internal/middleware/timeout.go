package middleware

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Timeout sets the deadline of a request's context; [LiftTimeout] removes it. It
// doesn't respond itself: the handler stays in its goroutine, and whoever sees the
// deadline pass responds. It must come after AccessLog and Recover, which run past the
// deadline.
func Timeout(d time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := withTimeout(r.Context(), d)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// LiftTimeout removes the deadline that [Timeout] has set on ctx, its parents and their
// children: they end with the request, or when the client disconnects. A deadline that
// has passed already stays.
func LiftTimeout(ctx context.Context) {
	if added, ok := ctx.Value(addedKey{}).(*addedAttrs); ok {
		added.lifted.Store(true)
	}
	if t, ok := ctx.Value(timeoutKey{}).(*timeoutContext); ok {
		t.lift()
		LiftTimeout(t.Context)
	}
}

type timeoutKey struct{}

// timeoutContext is a context whose deadline can be removed, which that of
// [context.WithTimeout] can't. It has a Done channel of its own, because the children
// of a context of package context take that one's error.
type timeoutContext struct {
	context.Context // the parent
	deadline        time.Time
	ended           context.Context //nolint:containedctx // implements Done and AfterFunc
	markEnded       context.CancelFunc

	mu     sync.Mutex
	timer  *time.Timer
	lifted bool
	err    error // nil until it has ended
}

func withTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	t := &timeoutContext{Context: parent, deadline: time.Now().Add(d)}
	t.ended, t.markEnded = context.WithCancel(context.Background())
	stop := context.AfterFunc(parent, func() { t.end(parent.Err()) })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(d, func() { t.end(context.DeadlineExceeded) })
	return t, func() {
		stop()
		t.end(context.Canceled)
	}
}

// end ends the context. Only the first call has an effect.
func (t *timeoutContext) end(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return
	}
	t.err = err
	t.timer.Stop()
	t.markEnded()
}

func (t *timeoutContext) lift() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lifted = t.timer.Stop() || t.lifted
}

// Deadline returns when the context ends at the latest.
func (t *timeoutContext) Deadline() (time.Time, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	deadline, ok := t.Context.Deadline()
	if t.lifted || (ok && deadline.Before(t.deadline)) {
		return deadline, ok
	}
	return t.deadline, true
}

// Done is closed when the context has ended.
func (t *timeoutContext) Done() <-chan struct{} { return t.ended.Done() }

// Err returns why the context has ended.
func (t *timeoutContext) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// AfterFunc saves package context a goroutine for each child of this context.
func (t *timeoutContext) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(t.ended, f) }

// Value returns the context itself for its key, and else the parent's value.
func (t *timeoutContext) Value(key any) any {
	if key == (timeoutKey{}) {
		return t
	}
	return t.Context.Value(key)
}
