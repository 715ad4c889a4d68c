package reqtx

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"commitment/internal/txn"
)

// heldResponse is a handler's response, held until its transaction has ended. It
// behaves like the [http.ResponseWriter] of net/http, but no method sends a byte: it
// has neither Unwrap nor Hijack, and Flush keeps what was written. Only [Stream] sends
// it. It is used by the handler's goroutine alone.
type heldResponse struct {
	w       http.ResponseWriter
	unit    *txn.Unit
	gate    *gate // nil if there is none
	method  string
	options *Options

	header http.Header  // as the handler sees it
	sent   frozenHeader // header at WriteHeader
	status int          // 0 before WriteHeader
	body   spool
	err    error // why the response can't be sent

	streaming bool // Stream has ended the unit: writes are sent at once

	ctx               context.Context //nolint:containedctx // the unit's, which is the handler's
	lifted            bool            // LiftTimeouts was called
	stopShutdownWatch func() bool     // nil unless LiftTimeouts watches for the shutdown
	mu                sync.Mutex
	finalDeadline     time.Time // the latest write deadline, once the service shuts down; else zero
}

// errSwitchingProtocols: 101 hands over the connection, which a held response can't do.
var errSwitchingProtocols = errors.New("reqtx: a handler in a transaction can't switch protocols")

// begin initializes h, for a response to w.
func (h *heldResponse) begin(ctx context.Context, w http.ResponseWriter, unit *txn.Unit, method string, o *Options) {
	h.ctx, h.w, h.unit, h.method, h.options = ctx, w, unit, method, o
	h.header, h.body.limit, h.body.shared = w.Header().Clone(), o.MaxMemory, o.held
}

// Header returns the header that will be sent, until WriteHeader; after it, only
// trailers are taken from it.
func (h *heldResponse) Header() http.Header { return h.header }

// WriteHeader sets the status. Only the first call counts. Informational statuses are
// dropped: they would be sent before the outcome is known.
func (h *heldResponse) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status)) // as net/http does
	}
	if status == http.StatusSwitchingProtocols && h.err == nil {
		h.err = errSwitchingProtocols
	}
	if h.status != 0 || status < 200 {
		return
	}
	h.status = status
	h.sent = freeze(h.header)
}

// Status returns the status set so far, or 200.
func (h *heldResponse) Status() int {
	if h.status == 0 {
		return http.StatusOK
	}
	return h.status
}

// Write appends to the body. If the body outgrows the limit it returns an error, and
// the request is rolled back.
func (h *heldResponse) Write(p []byte) (int, error) {
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

// prepare returns an error if n more bytes can't be written, and records it if the
// response can't be sent because of it.
func (h *heldResponse) prepare(n int) error {
	if h.err != nil {
		return h.err
	}
	h.WriteHeader(h.Status())
	if n > 0 && !bodyAllowed(h.status) {
		return http.ErrBodyNotAllowed
	}
	if !h.streaming && h.body.size+int64(n) > h.options.MaxResponse {
		h.err = fmt.Errorf("reqtx: the response is larger than %d bytes", h.options.MaxResponse)
	}
	return h.err
}

// Flush fixes the status and the header, as far as a flush can affect a held response.
// For server-sent events it is [Stream].
func (h *heldResponse) Flush() { _ = h.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (h *heldResponse) FlushError() error {
	h.WriteHeader(h.Status())
	if h.streaming {
		return http.NewResponseController(h.w).Flush()
	}
	if isEventStream(h.sent.first("Content-Type")) {
		return h.Stream()
	}
	return nil
}

// SetReadDeadline sets the connection's deadline: it sends nothing.
func (h *heldResponse) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(h.w).SetReadDeadline(t)
}

// EnableFullDuplex applies to the connection: it sends nothing.
func (h *heldResponse) EnableFullDuplex() error {
	return http.NewResponseController(h.w).EnableFullDuplex()
}

// release sends the whole response.
func (h *heldResponse) release() {
	h.WriteHeader(h.Status())
	prefixed := h.sent.hasTrailers(h.header)
	h.sendHeader(!prefixed && h.exactLength())
	h.sendBody()
	if prefixed {
		_ = http.NewResponseController(h.w).Flush() // only a chunked body has trailers
	}
	if prefixed || len(h.sent.values("Trailer")) > 0 {
		h.sendTrailers()
	}
}

// sendHeader sends the header, with the length of the held body if that is exact.
func (h *heldResponse) sendHeader(exactLength bool) {
	header := h.w.Header()
	h.sent.copyTo(header)
	if h.options.Tokens != nil {
		h.options.Tokens.add(header, h.unit)
	}
	if exactLength {
		setLength(header, h.body.size)
	}
	h.w.WriteHeader(h.status)
}

// setLength sets Content-Length, if it isn't set to n yet.
func setLength(header http.Header, n int64) {
	var digits [20]byte
	length := strconv.AppendInt(digits[:0], n, 10)
	if values := header["Content-Length"]; len(values) != 1 || values[0] != string(length) {
		header["Content-Length"] = []string{string(length)}
	}
}

func (h *heldResponse) sendBody() {
	if h.body.size > 0 {
		_, _ = h.body.WriteTo(h.w) // a client that is gone by now loses the response, not its work
	}
}

// exactLength reports whether Content-Length is the length of the held body.
func (h *heldResponse) exactLength() bool {
	if !bodyAllowed(h.status) || len(h.sent.values("Trailer")) > 0 || len(h.sent.values("Transfer-Encoding")) > 0 {
		return false
	}
	return h.method != http.MethodHead || h.body.size > 0
}

// sendTrailers passes on the header as it is after WriteHeader: net/http takes the
// trailers from it, which were announced or have its prefix.
func (h *heldResponse) sendTrailers() {
	header := h.w.Header()
	clear(header)
	maps.Copy(header, h.header)
}

// close releases the body.
func (h *heldResponse) close() {
	if h.stopShutdownWatch != nil {
		h.stopShutdownWatch()
	}
	h.body.close()
}

// bodyAllowed reports whether a response with this status may have a body.
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
