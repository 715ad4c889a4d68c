package middleware

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
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
// [context.WithTimeout] can't. It becomes a context of package context, with a timer, only
// when somebody waits for its end.
type timeoutContext struct {
	context.Context // the parent
	deadline        time.Time

	mu      sync.Mutex
	lifted  bool
	err     error              // nil until it has ended
	started atomic.Bool        // the fields below are set
	std     context.Context    //nolint:containedctx // of package context: its children take its error
	cancel  context.CancelFunc // of std
	onEnd   func()             // ends std with err
	timer   *time.Timer
	stop    func() bool // stops watching the parent
}

func withTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	t := &timeoutContext{Context: parent, deadline: time.Now().Add(d)}
	return t, func() { t.end(context.Canceled) }
}

// end ends the context. Only the first call has an effect.
func (t *timeoutContext) end(err error) {
	t.mu.Lock()
	ended := t.reason() != nil
	if !ended {
		t.err = err
	}
	started := t.started.Load()
	t.mu.Unlock()
	if started && !ended {
		t.finish()
	}
}

// reason returns why the context has ended, and notes it. The caller holds mu.
func (t *timeoutContext) reason() error {
	if t.err != nil || t.started.Load() {
		return t.err
	}
	if t.err = t.Context.Err(); t.err == nil && !t.lifted && !time.Now().Before(t.deadline) {
		t.err = context.DeadlineExceeded
	}
	return t.err
}

// finish ends what start has started.
func (t *timeoutContext) finish() {
	t.timer.Stop()
	t.stop()
	t.onEnd()
	t.cancel()
}

// start makes std.
func (t *timeoutContext) start() {
	t.mu.Lock()
	if t.started.Load() {
		t.mu.Unlock()
		return
	}
	ended := t.reason() != nil
	t.std, t.cancel = context.WithCancel(timeoutSource{t})
	t.stop = context.AfterFunc(t.Context, func() { t.end(t.Context.Err()) })
	t.timer = time.AfterFunc(time.Until(t.deadline), func() { t.end(context.DeadlineExceeded) })
	if t.lifted {
		t.timer.Stop()
	}
	t.started.Store(true)
	t.mu.Unlock()
	if ended {
		t.finish()
	}
}

func (t *timeoutContext) lift() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reason() == nil && (!t.started.Load() || t.timer.Stop()) {
		t.lifted = true
	}
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
func (t *timeoutContext) Done() <-chan struct{} {
	t.start()
	return t.std.Done()
}

// Err returns why the context has ended.
func (t *timeoutContext) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reason()
}

// Value returns the context itself for its key, and else the parent's value.
func (t *timeoutContext) Value(key any) any {
	switch {
	case key == timeoutKey{}:
		return t
	case t.started.Load():
		return t.std.Value(key) // by which package context finds it
	}
	return t.Context.Value(key)
}

// timeoutSource is the parent of a timeoutContext's std: it lets that end with an error
// of ours.
type timeoutSource struct{ *timeoutContext }

// Done returns a channel that is never closed: std waits by AfterFunc.
func (timeoutSource) Done() <-chan struct{} { return never }

var never = make(chan struct{})

// AfterFunc is called once, by std, while start holds mu.
func (s timeoutSource) AfterFunc(f func()) (stop func() bool) {
	s.onEnd = f
	return func() bool { return true }
}

// Value returns the parent's value.
func (s timeoutSource) Value(key any) any { return s.Context.Value(key) }
