package reqtx

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// held is the answer of a handler, kept back until its transaction has ended.
// It behaves as the [http.ResponseWriter] of net/http does, but nothing that a
// handler calls puts a byte on the wire: it has no Unwrap and no Hijack, and its
// Flush keeps what it has. It is used by the handler's goroutine alone.
type held struct {
	w      http.ResponseWriter
	header http.Header // what the handler sees and sets
	sent   http.Header // header as it was at WriteHeader; nil before
	status int         // 0 before WriteHeader
	body   bytes.Buffer
	max    int
	err    error // the answer can't go out
}

func newHeld(w http.ResponseWriter, limit int) *held {
	return &held{w: w, header: w.Header().Clone(), max: limit}
}

// Header is the header that will be sent, until WriteHeader; after it, only
// trailers are still taken from it.
func (h *held) Header() http.Header { return h.header }

// WriteHeader sets the status. Only the first call counts. Informational
// statuses are dropped: they would go out before the outcome is known.
func (h *held) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status)) // as net/http does
	}
	if h.status != 0 || (status < 200 && status != http.StatusSwitchingProtocols) {
		return
	}
	h.status = status
	h.sent = h.header.Clone()
}

// Status is the status of the answer, as far as it stands.
func (h *held) Status() int {
	if h.status == 0 {
		return http.StatusOK
	}
	return h.status
}

// Write adds to the body. It fails when the body outgrows the limit, and then
// the request is rolled back.
func (h *held) Write(p []byte) (int, error) {
	if err := h.writable(len(p)); err != nil {
		return 0, err
	}
	return h.body.Write(p)
}

// WriteString is Write without a copy.
func (h *held) WriteString(s string) (int, error) {
	if err := h.writable(len(s)); err != nil {
		return 0, err
	}
	return h.body.WriteString(s)
}

// ReadFrom adds all of r to the body, without reading far beyond the limit.
func (h *held) ReadFrom(r io.Reader) (int64, error) {
	if err := h.writable(0); err != nil {
		return 0, err
	}
	n, err := h.body.ReadFrom(io.LimitReader(r, int64(h.max-h.body.Len())+1))
	if err == nil {
		err = h.writable(0)
	}
	return n, err
}

// writable says why n more bytes can't be written, and remembers it when the
// answer is thereby lost.
func (h *held) writable(n int) error {
	if h.err != nil {
		return h.err
	}
	h.WriteHeader(h.Status())
	if !bodyAllowed(h.status) {
		return http.ErrBodyNotAllowed
	}
	if h.body.Len()+n > h.max {
		h.err = fmt.Errorf("reqtx: the answer is larger than %d bytes", h.max)
	}
	return h.err
}

// Flush does what a flush may do to an answer that is held: it fixes status and
// header.
func (h *held) Flush() { h.WriteHeader(h.Status()) }

// FlushError is Flush for [http.ResponseController].
func (h *held) FlushError() error {
	h.Flush()
	return nil
}

// SetReadDeadline reaches the connection: it sends nothing.
func (h *held) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(h.w).SetReadDeadline(t)
}

// SetWriteDeadline reaches the connection: it sends nothing.
func (h *held) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(h.w).SetWriteDeadline(t)
}

// EnableFullDuplex reaches the connection: it sends nothing.
func (h *held) EnableFullDuplex() error {
	return http.NewResponseController(h.w).EnableFullDuplex()
}

// release lets the answer go.
func (h *held) release(method string) {
	h.WriteHeader(h.Status())
	header := h.w.Header()
	clear(header)
	maps.Copy(header, h.sent)
	if h.exactLength(method) {
		header.Set("Content-Length", strconv.Itoa(h.body.Len()))
	}
	h.w.WriteHeader(h.status)
	if h.body.Len() > 0 {
		_, _ = h.w.Write(h.body.Bytes()) // a client that is gone by now has lost its answer, not its work
	}
	h.releaseTrailers(header)
}

// exactLength reports whether the length of what is held is what
// Content-Length has to say.
func (h *held) exactLength(method string) bool {
	if !bodyAllowed(h.status) || len(h.sent["Trailer"]) > 0 || len(h.sent["Transfer-Encoding"]) > 0 || h.prefixedTrailers() {
		return false
	}
	return method != http.MethodHead || h.body.Len() > 0
}

// prefixedTrailers reports whether the handler has set trailers that it didn't
// announce.
func (h *held) prefixedTrailers() bool {
	for name := range h.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// releaseTrailers hands on what was set in the header after WriteHeader and
// announced, or prefixed, as a trailer.
func (h *held) releaseTrailers(header http.Header) {
	if h.prefixedTrailers() {
		_ = http.NewResponseController(h.w).Flush() // a body that isn't chunked has no trailers
	}
	for _, list := range h.sent["Trailer"] {
		for name := range strings.SplitSeq(list, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if values, ok := h.header[name]; ok {
				header[name] = values
			}
		}
	}
	for name, values := range h.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			header[name] = values
		}
	}
}

// bodyAllowed reports whether an answer of that status has a body.
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
