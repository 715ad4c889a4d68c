package middleware

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Timeout sets the deadline of a request's context, which [LiftTimeout] lifts. It
// answers nothing itself: the handler stays in its goroutine, and whoever sees the
// deadline pass answers. It must come after AccessLog and Recover, which outlive the
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

// LiftTimeout takes the deadline that [Timeout] has set from ctx, and from every
// context that ctx comes from or that comes from it: they end with the request, or
// when its client leaves. A deadline that has passed stays.
func LiftTimeout(ctx context.Context) {
	if t, ok := ctx.Value(timeoutKey{}).(*timeoutContext); ok {
		t.lift()
		LiftTimeout(t.Context)
	}
}

type timeoutKey struct{}

// timeoutContext is a context with a deadline that can be lifted, as that of
// [context.WithTimeout] can't. It has an end of its own, since contexts that come from
// one of package context take the error of that one.
type timeoutContext struct {
	context.Context // it comes from
	deadline        time.Time
	ended           context.Context //nolint:containedctx // it is Done and AfterFunc
	markEnded       context.CancelFunc

	mu     sync.Mutex
	timer  *time.Timer
	lifted bool
	err    error // why it has ended
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

// end ends the context. Only the first call counts.
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

// Deadline is when the context will have ended at the latest.
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

// Err is why the context has ended.
func (t *timeoutContext) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// AfterFunc spares package context a goroutine for each context that comes from this one.
func (t *timeoutContext) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(t.ended, f) }

// Value finds the context itself, and what the one that it comes from holds.
func (t *timeoutContext) Value(key any) any {
	if key == (timeoutKey{}) {
		return t
	}
	return t.Context.Value(key)
}
