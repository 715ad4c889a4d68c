package idempotency

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"commitment/internal/reqtx"
)

// held is the writer of package reqtx: it keeps the answer until the work is
// committed, and lets it be read, and replaced, before.
type held interface {
	http.ResponseWriter
	Held(limit int64) (status int, header http.Header, body []byte, err error)
	Reset()
}

// recorder is held for the handler of a request with a key: it doesn't stream.
type recorder struct {
	held
	err    error
	cancel context.CancelCauseFunc // ends the handler's context
}

// Stream is why reqtx.Stream can't be: what flows can't be recorded. It ends the
// handler's context.
func (w *recorder) Stream() error {
	w.err = ErrUnsupported
	w.cancel(ErrUnsupported)
	return w.err
}

// LiftTimeouts is why reqtx.LiftTimeouts can't be, which a stream begins with.
func (w *recorder) LiftTimeouts() error { return w.Stream() }

// Write adds to the answer, as long as it is one that can be recorded.
func (w *recorder) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	return w.held.Write(p)
}

// Flush is that of held, but for a stream's.
func (w *recorder) Flush() { _ = w.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (w *recorder) FlushError() error {
	if reqtx.IsEventStream(w.Header()) {
		return w.Stream()
	}
	return http.NewResponseController(w.held).Flush()
}

// Unwrap is for [http.ResponseController].
func (w *recorder) Unwrap() http.ResponseWriter { return w.held }

// answer is an answer as it is recorded.
type answer struct {
	status int
	header http.Header // what the handler has changed, see changes
	body   []byte
}

// removed marks, before its name, a field of the header that the handler has removed.
// No field has such a name.
const removed = "-:"

// changes are what a handler has made of the header that the middlewares around it
// had set: the values that were added, and which fields were removed before. Those
// middlewares set their header again when the answer is given again.
func changes(outer, header http.Header) http.Header {
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

// writeTo gives the answer again.
func (a answer) writeTo(w http.ResponseWriter) {
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
		_, _ = w.Write(a.body) // the writer holds it: what there is to say, reqtx says
	}
}
