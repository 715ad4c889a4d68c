package idempotency

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"commitment/internal/reqtx"
)

// heldResponse is package reqtx's writer: it holds the response until the work is
// committed, and lets it be read, or replaced, before that.
type heldResponse interface {
	http.ResponseWriter
	Snapshot(limit int64) (status int, header http.Header, body []byte, err error)
	Reset()
}

// recorder is the writer for the handler of a request with a key: it doesn't stream.
type recorder struct {
	heldResponse
	err    error
	cancel context.CancelCauseFunc // ends the handler's context
}

// Stream makes reqtx.Stream fail, because a stream can't be recorded. It ends the
// handler's context.
func (w *recorder) Stream() error {
	w.err = ErrUnsupported
	w.cancel(ErrUnsupported)
	return w.err
}

// LiftTimeouts makes reqtx.LiftTimeouts fail: it precedes a stream.
func (w *recorder) LiftTimeouts() error { return w.Stream() }

// Write appends to the response, unless the handler has tried to stream.
func (w *recorder) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	return w.heldResponse.Write(p)
}

// Flush flushes the held response, unless it is a stream.
func (w *recorder) Flush() { _ = w.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (w *recorder) FlushError() error {
	if reqtx.IsEventStream(w.Header()) {
		return w.Stream()
	}
	return http.NewResponseController(w.heldResponse).Flush()
}

// Unwrap is for [http.ResponseController].
func (w *recorder) Unwrap() http.ResponseWriter { return w.heldResponse }

// recordedResponse is a response as it is recorded.
type recordedResponse struct {
	status int
	header http.Header // the handler's changes, see headerChanges
	body   []byte
}

// removed is the prefix of a header field that the handler has removed. No field name
// begins with it.
const removed = "-:"

// headerChanges returns how a handler has changed the header that the middleware around
// it had set: the values it added, and the fields it removed before. In a replay, that
// middleware sets its header again.
func headerChanges(outer, header http.Header) http.Header {
	changed := http.Header{}
	for name, values := range header {
		before := outer[name]
		if len(values) < len(before) || !slices.Equal(values[:len(before)], before) {
			changed[removed+name] = []string{}
			before = nil
		}
		if added := values[len(before):]; len(added) > 0 {
			changed[name] = added
		}
	}
	for name := range outer {
		if _, kept := header[name]; !kept {
			changed[removed+name] = []string{}
		}
	}
	return changed
}

// replay writes the recorded response to w.
func (a recordedResponse) replay(w http.ResponseWriter) {
	header := w.Header()
	for name := range a.header {
		if gone, ok := strings.CutPrefix(name, removed); ok {
			delete(header, gone)
		}
	}
	for name, values := range a.header {
		if !strings.HasPrefix(name, removed) {
			header[name] = append(header[name], values...)
		}
	}
	header.Set(ReplayedHeader, "true")
	w.WriteHeader(a.status)
	if len(a.body) > 0 {
		_, _ = w.Write(a.body) // the response is held: reqtx reports an error
	}
}
