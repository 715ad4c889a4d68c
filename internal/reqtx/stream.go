package reqtx

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"time"

	"commitment/internal/middleware"
	"commitment/internal/txn"
)

// ErrShutdown is the cause of the end of a stream's context when the service shuts
// down.
var ErrShutdown = errors.New("reqtx: the service is shutting down")

const (
	// shutdownGrace is how long a stream may write after the shutdown has begun.
	shutdownGrace = 5 * time.Second
	// finalWriteTimeout limits the writes after the handler has returned.
	finalWriteTimeout = 30 * time.Second
)

// Stream ends the transaction of the request whose response w is, by the same rules as
// the handler's end, and starts to send the response: first what has been written so
// far, then each write at once. It is for responses that take long or never end, such
// as server-sent events, and lifts the timeouts as [LiftTimeouts] does. Set a status
// other than 200 before it. After it the handler's context has no client any more;
// entities can be used further after their Unwrap. A Flush of a response whose
// Content-Type is text/event-stream is a Stream. An error says why the work couldn't be
// committed. Then nothing has been sent and the handler's context has ended: the
// handler returns, and the middleware responds.
func Stream(w http.ResponseWriter) error {
	s, err := findStreamer(w)
	if err != nil {
		return err
	}
	return s.Stream()
}

// LiftTimeouts lets the response take as long as it needs: it removes the request's
// deadline, which package middleware sets, and the server's read and write timeouts.
// The handler's context ends when the client disconnects, and when the service begins
// to shut down. Then the handler returns, and what it has written is the response; a
// handler whose response is incomplete panics with [http.ErrAbortHandler] instead, so
// that the client notices. Writes fail soon after, in case the handler doesn't watch
// its context. The transaction goes on: [Stream] ends it. An error says why this
// response can't be a stream.
func LiftTimeouts(w http.ResponseWriter) error {
	s, err := findStreamer(w)
	if err != nil {
		return err
	}
	return s.LiftTimeouts()
}

// streamer is a held response, or a writer around it that may refuse to stream.
type streamer interface {
	Stream() error
	LiftTimeouts() error
}

func findStreamer(w http.ResponseWriter) (streamer, error) {
	for {
		switch v := w.(type) {
		case streamer:
			return v, nil
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return nil, txn.ErrNoUnit
		}
	}
}

// IsEventStream reports whether header announces server-sent events.
func IsEventStream(header http.Header) bool { return isEventStream(header.Get("Content-Type")) }

func isEventStream(contentType string) bool {
	const eventStream = "text/event-stream"
	if len(contentType) < len(eventStream) { // as most are
		return false
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == eventStream
}

// Stream ends the unit as the handler's end would, and starts to send the response.
func (h *heldResponse) Stream() error {
	if h.streaming {
		return nil
	}
	if h.err == nil {
		h.err = h.endUnitForStream()
	}
	if h.err != nil {
		h.unit.Rollback() // before its context ends, which would look like a lost connection
		h.unit.CancelContext(h.err)
		return h.err
	}
	h.streaming = true
	h.unit.AfterCommit()
	h.WriteHeader(h.Status())
	h.gate.end(h.status < http.StatusBadRequest)
	h.sendHeader(false)
	h.sendBody()
	_ = http.NewResponseController(h.w).Flush() // the work has ended, whether or not the client reads this
	if h.method == http.MethodHead {
		h.unit.CancelContext(http.ErrBodyNotAllowed) // a HEAD has no body
	}
	return nil
}

func (h *heldResponse) endUnitForStream() error {
	if err := h.unit.Err(); err != nil {
		return err
	}
	_ = h.LiftTimeouts()
	unsent := h.gate.beginEnd()
	if h.unit.Decide(h.Status() < http.StatusBadRequest) {
		if !unsent {
			return errEarlyResponse
		}
		return h.unit.Commit()
	}
	h.unit.Rollback()
	return h.unit.RetryError() // a retry has no response yet
}

// LiftTimeouts removes the timeouts of the response, and ends the handler's context
// when the service shuts down. The response to a HEAD is no stream.
func (h *heldResponse) LiftTimeouts() error {
	if h.lifted || h.method == http.MethodHead {
		return nil
	}
	h.lifted = true
	middleware.LiftTimeout(h.ctx)
	_ = h.SetReadDeadline(time.Time{}) // a connection without deadlines has none to remove
	_ = h.SetWriteDeadline(time.Time{})
	if h.options.Shutdown != nil {
		h.stopShutdownWatch = context.AfterFunc(h.options.Shutdown, h.startShutdown)
	}
	return nil
}

// startShutdown tells the handler that the service is shutting down. It runs in a
// goroutine of its own.
func (h *heldResponse) startShutdown() {
	h.mu.Lock()
	h.finalDeadline = time.Now().Add(shutdownGrace)
	h.mu.Unlock()
	_ = h.SetWriteDeadline(h.finalDeadline)
	h.unit.CancelContext(ErrShutdown)
}

// SetWriteDeadline sets the connection's deadline: it sends nothing. Once the service
// shuts down there is a final one.
func (h *heldResponse) SetWriteDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.finalDeadline.IsZero() && (t.IsZero() || t.After(h.finalDeadline)) {
		t = h.finalDeadline
	}
	return http.NewResponseController(h.w).SetWriteDeadline(t)
}

// endStream ends a response that streams. It renews the write deadline, which may have
// passed since the last write.
func (h *heldResponse) endStream() {
	_ = h.SetWriteDeadline(time.Now().Add(finalWriteTimeout))
	if h.sent.hasTrailers(h.header) {
		_ = http.NewResponseController(h.w).Flush() // only a chunked body has trailers
	}
	h.sendTrailers()
}
