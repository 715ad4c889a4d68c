package reqtx

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"commitment/internal/txn"
)

// held is the response of a handler, kept back until its transaction has ended.
// It behaves as the [http.ResponseWriter] of net/http does, but nothing that a
// handler calls puts a byte on the wire: it has no Unwrap and no Hijack, and its
// Flush keeps what it has. Only [Stream] makes it flow. It is used by the
// handler's goroutine alone.
type held struct {
	w      http.ResponseWriter
	unit   *txn.Unit
	gate   *gate // what the answer passes last; nil where there is none
	method string
	o      *Options

	header http.Header // what the handler sees and sets
	sent   http.Header // header as it was at WriteHeader; nil before
	status int         // 0 before WriteHeader
	body   spool
	err    error // the answer can't go out

	streaming bool // the unit has ended, by Stream: what is written goes out at once

	ctx     context.Context //nolint:containedctx // the handler's
	cancel  context.CancelCauseFunc
	lifted  bool        // nothing bounds the answer, by LiftTimeouts
	unwatch func() bool // forgets the end of the service; nil where nobody waits for it
	mu      sync.Mutex
	last    time.Time // the last deadline for writing; zero as long as there is none
}

// errSwitch is why an answer is lost: 101 hands over the connection, which nothing
// that is held can do.
var errSwitch = errors.New("reqtx: a handler in a transaction can't switch protocols")

func newHeld(ctx context.Context, w http.ResponseWriter, unit *txn.Unit, method string, o *Options) *held {
	h := &held{w: w, unit: unit, method: method, o: o, header: w.Header().Clone(), body: spool{limit: o.MaxMemory}}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	return h
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
	if status == http.StatusSwitchingProtocols && h.err == nil {
		h.err = errSwitch
	}
	if h.status != 0 || status < 200 {
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
	if err := h.prepare(len(p)); err != nil {
		return 0, err
	}
	if h.streaming {
		return h.w.Write(p)
	}
	n, err := h.body.Write(p)
	if err != nil {
		h.err = err
	}
	return n, err
}

// prepare makes room for n more bytes, or says why it can't, and remembers it
// when the answer is thereby lost.
func (h *held) prepare(n int) error {
	if h.err != nil {
		return h.err
	}
	h.WriteHeader(h.Status())
	if n > 0 && !bodyAllowed(h.status) {
		return http.ErrBodyNotAllowed
	}
	if !h.streaming && h.body.size+int64(n) > h.o.MaxAnswer {
		h.err = fmt.Errorf("reqtx: the answer is larger than %d bytes", h.o.MaxAnswer)
	}
	return h.err
}

// Flush does what a flush may do to an answer that is held: it fixes status and
// header. That of server-sent events it lets go.
func (h *held) Flush() { _ = h.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (h *held) FlushError() error {
	h.WriteHeader(h.Status())
	if h.streaming {
		return http.NewResponseController(h.w).Flush()
	}
	if IsEventStream(h.sent) {
		return h.Stream()
	}
	return nil
}

// SetReadDeadline reaches the connection: it sends nothing.
func (h *held) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(h.w).SetReadDeadline(t)
}

// EnableFullDuplex reaches the connection: it sends nothing.
func (h *held) EnableFullDuplex() error {
	return http.NewResponseController(h.w).EnableFullDuplex()
}

// release sends the whole answer.
func (h *held) release() {
	h.WriteHeader(h.Status())
	length := ""
	if h.exactLength() {
		length = strconv.FormatInt(h.body.size, 10)
	}
	h.sendHeader(length)
	h.sendBody()
	h.sendTrailers()
}

func (h *held) sendHeader(length string) {
	header := h.w.Header()
	clear(header)
	maps.Copy(header, h.sent)
	if length != "" {
		header.Set("Content-Length", length)
	}
	h.w.WriteHeader(h.status)
}

func (h *held) sendBody() {
	if h.body.size > 0 {
		_, _ = h.body.WriteTo(h.w) // a client that is gone by now has lost its answer, not its work
	}
}

// exactLength reports whether the length of what is held is what Content-Length
// has to say.
func (h *held) exactLength() bool {
	if !bodyAllowed(h.status) || len(h.sent["Trailer"]) > 0 || len(h.sent["Transfer-Encoding"]) > 0 || h.prefixedTrailers() {
		return false
	}
	return h.method != http.MethodHead || h.body.size > 0
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

// sendTrailers hands on what the header has become after WriteHeader: net/http
// takes from it what was announced, or is prefixed, as a trailer.
func (h *held) sendTrailers() {
	if h.prefixedTrailers() {
		_ = http.NewResponseController(h.w).Flush() // a body that isn't chunked has no trailers
	}
	header := h.w.Header()
	clear(header)
	maps.Copy(header, h.header)
}

// close frees what held the body, and ends the handler's context.
func (h *held) close() {
	if h.unwatch != nil {
		h.unwatch()
	}
	h.cancel(nil)
	h.body.close()
}

// bodyAllowed reports whether an answer of that status has a body.
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
