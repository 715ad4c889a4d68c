package reqtx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"sync"

	"commitment/internal/txn"
)

// ErrTimeoutHandler means that an [http.TimeoutHandler] is around the middleware,
// without a [Gate] around both. It would respond 503 to work that is committed later.
var ErrTimeoutHandler = errors.New("reqtx: http.TimeoutHandler responds before COMMIT: put reqtx.Gate around it")

// Gate is the outermost middleware of a server. A middleware between it and
// [Middleware] may respond by itself while the handler is still running, as
// [http.TimeoutHandler] does. Such a response is a commitment, too:
//
//   - An error before COMMIT is sent, and the work is rolled back.
//   - A response during COMMIT waits for its end.
//   - A response that contradicts the outcome, an error for committed work or a success
//     for work that isn't committed, is never sent: the connection is closed, and the
//     server logs why.
//
// Units of work that only read commit nothing, so every response passes.
func Gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := &gateContext{Context: r.Context()}
		g := &ctx.gate
		g.w, g.changed.L = w, &g.mu
		returned := false
		defer func() {
			if err := g.finish(); returned && err != nil {
				panic(err) // net/http logs it and cuts the connection
			}
		}()
		next.ServeHTTP(g, r.WithContext(ctx))
		returned = true
	})
}

type gateKey struct{}

// gateContext carries a gate.
type gateContext struct {
	context.Context
	gate gate
}

// Value returns the gate, or the parent's value.
func (c *gateContext) Value(key any) any {
	if key == (gateKey{}) {
		return &c.gate
	}
	return c.Context.Value(key)
}

// gateFrom returns the gate that r has passed, or nil, through which every response
// passes. Its error reports the one writer of net/http that needs a gate and has none,
// or that is outside of it.
func gateFrom(w http.ResponseWriter, r *http.Request) (*gate, error) {
	g, ok := r.Context().Value(gateKey{}).(*gate)
	if ok {
		w = g.w
	}
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	if reflect.TypeOf(w).String() == "*http.timeoutWriter" {
		return nil, ErrTimeoutHandler
	}
	return g, nil
}

// phase is the phase of a request's unit of work.
type phase int

const (
	idle      phase = iota // there is none, or it has only read
	open                   // not ending yet
	ending                 // COMMIT or ROLLBACK is running
	succeeded              // ended; the response is a success
	failed                 // ended; the response is an error
)

// gate is the writer that all responses to a request pass. A nil gate lets every
// response pass.
type gate struct {
	w http.ResponseWriter

	mu            sync.Mutex
	changed       sync.Cond // phase has changed
	phase         phase
	unit          *txn.Unit // set in begin
	status        int       // that was sent; 0 before
	contradiction error     // the response that wasn't sent because it contradicts the outcome, if any
	finished      bool      // the server's handler has returned
}

// begin records that a unit of work has begun.
func (g *gate) begin(unit *txn.Unit) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase, g.unit = open, unit
}

// beginEnd records that the unit is about to end, and reports whether no response has
// been sent. From now on, until end, none can be, unless the unit has only read.
func (g *gate) beginEnd() (unsent bool) {
	if g == nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase = ending
	if g.unit.HasOnlyRead() {
		g.phase = idle
	}
	return !g.responded()
}

// end records that the unit has ended with a response that is a success or an error,
// and reports whether that response may be sent.
func (g *gate) end(ok bool) (unsent bool) {
	if g == nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.phase == idle:
	case ok:
		g.phase = succeeded
	default:
		g.phase = failed
	}
	g.changed.Broadcast()
	return !g.responded()
}

// abandon ends the unit's phase after a panic.
func (g *gate) abandon() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase == open || g.phase == ending {
		g.phase = failed
		g.changed.Broadcast()
	}
}

func (g *gate) responded() bool { return g.status != 0 || g.contradiction != nil || g.finished }

// check returns an error for a response that contradicts the outcome, or may come to.
func (g *gate) check(status int) error {
	ok := status < http.StatusBadRequest
	switch {
	case g.phase == open && ok && !g.unit.HasOnlyRead():
		return fmt.Errorf("reqtx: a middleware responded %d before the work was committed", status)
	case g.phase == ending:
		return errors.New("reqtx: a middleware returned before its handler")
	case g.phase == succeeded && !ok:
		return fmt.Errorf("reqtx: a middleware responded %d, but the work is committed", status)
	case g.phase == failed && ok:
		return fmt.Errorf("reqtx: a middleware responded %d, but the work is rolled back", status)
	}
	return nil
}

// finish is called when the server's handler returns, and returns the error for a
// response that must not be sent.
func (g *gate) finish() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.responded() {
		g.contradiction = g.check(http.StatusOK) // net/http's implicit status
	}
	g.finished = true
	return g.contradiction
}

// Header returns the header that will be sent.
func (g *gate) Header() http.Header { return g.w.Header() }

// WriteHeader sends the header, unless it contradicts the outcome.
func (g *gate) WriteHeader(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		g.w.WriteHeader(status)
		return
	}
	for g.phase == ending && !g.finished {
		g.changed.Wait()
	}
	if g.status == 0 && g.contradiction == nil {
		g.contradiction = g.check(status)
	}
	if g.contradiction == nil && !g.finished {
		g.status = status
		g.w.WriteHeader(status)
	}
}

// Write sends a part of the body, unless the header wasn't sent.
func (g *gate) Write(p []byte) (int, error) {
	if err := g.ensureHeader(); err != nil {
		return 0, err
	}
	return g.w.Write(p)
}

// ensureHeader sends the header if it hasn't been, and returns why nothing can be sent.
func (g *gate) ensureHeader() error {
	g.mu.Lock()
	sent := g.status != 0
	g.mu.Unlock()
	if !sent {
		g.WriteHeader(http.StatusOK)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.finished {
		return http.ErrHandlerTimeout
	}
	return g.contradiction
}

// Flush sends what was written.
func (g *gate) Flush() { _ = g.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (g *gate) FlushError() error {
	if err := g.ensureHeader(); err != nil {
		return err
	}
	return http.NewResponseController(g.w).Flush()
}

// Hijack takes over the connection, if no unit of work is open.
func (g *gate) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase != idle {
		return nil, nil, errors.New("reqtx: can't hijack the connection of a request in a transaction")
	}
	return http.NewResponseController(g.w).Hijack()
}

// Unwrap is for the deadlines of [http.ResponseController].
func (g *gate) Unwrap() http.ResponseWriter { return g.w }
