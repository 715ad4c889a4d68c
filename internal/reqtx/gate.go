package reqtx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"commitment/internal/txn"
)

// ErrTimeoutHandler is why a request isn't served: there is an [http.TimeoutHandler]
// around the middleware, and no [Gate] around that. It would answer 503 for work that
// is committed later.
var ErrTimeoutHandler = errors.New("reqtx: http.TimeoutHandler answers before COMMIT: put reqtx.Gate around it")

// Gate is the outermost middleware of a server. A middleware between it and
// [Middleware] may answer by itself while the handler still runs, as
// [http.TimeoutHandler] does. Such a response is a commitment, too:
//
//   - An error that comes before COMMIT goes out, and the work is rolled back.
//   - A response that comes during COMMIT waits for its end.
//   - A response that says the opposite of the outcome, an error for work that is
//     committed or a success for work that isn't, never goes out: the connection is
//     cut instead, and the server logs why.
//
// Units of work that only read promise nothing, and let everything pass.
func Gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &gate{w: w}
		g.changed.L = &g.mu
		returned := false
		defer func() {
			if err := g.finish(); returned && err != nil {
				panic(err) // net/http logs it and cuts the connection
			}
		}()
		next.ServeHTTP(g, r.WithContext(context.WithValue(r.Context(), gateKey{}, g)))
		returned = true
	})
}

type gateKey struct{}

// gateOf returns the gate that r came through. Without one it returns nil, which
// lets everything pass. Its error names the one writer of net/http that can't be
// inside of a gate, or has none around it.
func gateOf(w http.ResponseWriter, r *http.Request) (*gate, error) {
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
	if fmt.Sprintf("%T", w) == "*http.timeoutWriter" {
		return nil, ErrTimeoutHandler
	}
	return g, nil
}

// phase is how far the unit of work of a request has come.
type phase int

const (
	idle    phase = iota // there is none, or it has only read
	open                 // its end isn't decided
	ending               // COMMIT or ROLLBACK is on its way
	success              // it has ended, and the response is a success
	failure              // it has ended, and the response is an error
)

// gate is the writer that all of a request's responses pass. A nil gate lets
// everything pass.
type gate struct {
	w http.ResponseWriter

	mu       sync.Mutex
	changed  sync.Cond // of phase
	phase    phase
	unit     *txn.Unit // while open
	status   int       // what went out; 0 before
	refused  error     // what would have been a lie, if anything
	finished bool      // the server has its goroutine back
}

// begin notes that a unit of work has begun.
func (g *gate) begin(unit *txn.Unit) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase, g.unit = open, unit
}

// decide notes that the unit is about to end, and reports whether nobody has answered
// the request. From then on, until end, nobody can, unless the unit has only read.
func (g *gate) decide() (unanswered bool) {
	if g == nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase = ending
	if g.unit.HasOnlyRead() {
		g.phase = idle
	}
	return !g.answered()
}

// end notes that the unit has ended, with a response that is a success or isn't, and
// reports whether it may go out.
func (g *gate) end(ok bool) (unanswered bool) {
	if g == nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.phase == idle:
	case ok:
		g.phase = success
	default:
		g.phase = failure
	}
	g.changed.Broadcast()
	return !g.answered()
}

// leave ends what a panic has left.
func (g *gate) leave() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase == open || g.phase == ending {
		g.phase = failure
		g.changed.Broadcast()
	}
}

func (g *gate) answered() bool { return g.status != 0 || g.refused != nil || g.finished }

// check refuses a response that is a lie, or becomes one.
func (g *gate) check(status int) error {
	ok := status < http.StatusBadRequest
	switch {
	case g.phase == open && ok && !g.unit.HasOnlyRead():
		return fmt.Errorf("reqtx: a middleware has answered %d for work that isn't committed", status)
	case g.phase == ending:
		return errors.New("reqtx: a middleware has returned before its handler")
	case g.phase == success && !ok:
		return fmt.Errorf("reqtx: a middleware has answered %d for work that is committed", status)
	case g.phase == failure && ok:
		return fmt.Errorf("reqtx: a middleware has answered %d for work that is rolled back", status)
	}
	return nil
}

// finish is called when the server has its goroutine back, and returns what must not
// go out.
func (g *gate) finish() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.answered() {
		g.refused = g.check(http.StatusOK) // what net/http answers then
	}
	g.finished = true
	return g.refused
}

// Header is the header that will be sent.
func (g *gate) Header() http.Header { return g.w.Header() }

// WriteHeader sends the header, unless it is a lie.
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
	if g.status == 0 && g.refused == nil {
		g.refused = g.check(status)
	}
	if g.refused == nil && !g.finished {
		g.status = status
		g.w.WriteHeader(status)
	}
}

// Write sends a part of the body, unless the header was refused.
func (g *gate) Write(p []byte) (int, error) {
	if err := g.ensureHeader(); err != nil {
		return 0, err
	}
	return g.w.Write(p)
}

// ensureHeader sends the header if that isn't done, and says why nothing can be sent.
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
	return g.refused
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

// Hijack takes over the connection, where no unit of work is open.
func (g *gate) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase != idle {
		return nil, nil, errors.New("reqtx: the connection of a request with a transaction can't be hijacked")
	}
	return http.NewResponseController(g.w).Hijack()
}

// Unwrap is for the deadlines of [http.ResponseController].
func (g *gate) Unwrap() http.ResponseWriter { return g.w }
