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

// ErrClosing is the cause of a stream's context that has ended as the service shuts
// down.
var ErrClosing = errors.New("reqtx: the service shuts down")

const (
	// farewell bounds what a stream writes once the service shuts down.
	farewell = 5 * time.Second
	// lastBytes bounds what is left to write when a handler has returned.
	lastBytes = 30 * time.Second
)

// Stream ends the transaction of the request that w answers, by the same table as
// the handler's end would, and lets the answer go: what was written until now, and
// from here on whatever is written, at once. It is for answers that take long or
// never end, as server-sent events, and lifts the timeouts as [LiftTimeouts] does. The
// status must be set before, if it isn't 200. After it the handler has no client in
// its context any more; entities go on by their Unwrap.
//
// A Flush of an answer whose Content-Type is text/event-stream is a Stream.
//
// Its error says why the work could not be committed, and then nothing was sent: the
// handler's context has ended, it returns, and the middleware answers.
func Stream(w http.ResponseWriter) error {
	s, err := find(w)
	if err != nil {
		return err
	}
	return s.Stream()
}

// LiftTimeouts lets the answer last as long as it takes: the request's deadline,
// which package middleware sets, and the server's timeouts for reading and writing no
// longer count. The handler's context ends when the client leaves, and when the
// service begins to shut down: the handler returns then, and what it has written is
// the answer. One whose answer isn't whole by then panics with [http.ErrAbortHandler],
// so that it doesn't look so. Writes fail soon after, for those who don't look.
//
// The transaction goes on: [Stream] ends it. The error says why this answer can't be
// a stream.
func LiftTimeouts(w http.ResponseWriter) error {
	s, err := find(w)
	if err != nil {
		return err
	}
	return s.LiftTimeouts()
}

// streamer is an answer that is held, or one that can't be let go, which says why.
type streamer interface {
	Stream() error
	LiftTimeouts() error
}

func find(w http.ResponseWriter) (streamer, error) {
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

// IsEventStream reports whether header is that of server-sent events.
func IsEventStream(header http.Header) bool {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && media == "text/event-stream"
}

// Stream ends the unit as the handler's end would, and lets the answer flow.
func (h *held) Stream() error {
	if h.streaming {
		return nil
	}
	if h.err == nil {
		h.err = h.endUnit()
	}
	if h.err != nil {
		h.unit.Rollback() // before the context ends, which would look like a connection that is lost
		h.cancel(h.err)
		return h.err
	}
	h.streaming = true
	h.unit.AfterCommit()
	h.WriteHeader(h.Status())
	h.gate.end(h.status < http.StatusBadRequest)
	h.sendHeader("")
	h.sendBody()
	_ = http.NewResponseController(h.w).Flush() // the work has ended, whoever gets the answer
	if h.method == http.MethodHead {
		h.cancel(http.ErrBodyNotAllowed) // there is nothing to come
	}
	return nil
}

func (h *held) endUnit() error {
	if err := h.unit.Err(); err != nil {
		return err
	}
	_ = h.LiftTimeouts()
	unanswered := h.gate.decide()
	if h.unit.Decide(h.Status() < http.StatusBadRequest) {
		if !unanswered {
			return errAnswered
		}
		return h.unit.Commit()
	}
	h.unit.Rollback()
	return h.unit.RetryError() // what is done again has no answer yet
}

// LiftTimeouts lifts what bounds the answer, and ends the handler's context when the
// service shuts down. The answer to a HEAD is no stream.
func (h *held) LiftTimeouts() error {
	if h.lifted || h.method == http.MethodHead {
		return nil
	}
	h.lifted = true
	middleware.LiftTimeout(h.ctx)
	_ = h.SetReadDeadline(time.Time{}) // what has no deadlines needs none lifted
	_ = h.SetWriteDeadline(time.Time{})
	if h.o.Closing != nil {
		h.unwatch = context.AfterFunc(h.o.Closing, h.leave)
	}
	return nil
}

// leave tells the handler that the service shuts down, in a goroutine of its own.
func (h *held) leave() {
	h.mu.Lock()
	h.last = time.Now().Add(farewell)
	h.mu.Unlock()
	_ = h.SetWriteDeadline(h.last)
	h.cancel(ErrClosing)
}

// SetWriteDeadline reaches the connection: it sends nothing. There is a last one once
// the service shuts down.
func (h *held) SetWriteDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.last.IsZero() && (t.IsZero() || t.After(h.last)) {
		t = h.last
	}
	return http.NewResponseController(h.w).SetWriteDeadline(t)
}

// endStream ends an answer that flows: the deadline of what was written last may have
// passed since.
func (h *held) endStream() {
	_ = h.SetWriteDeadline(time.Now().Add(lastBytes))
	h.sendTrailers()
}
