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

	header http.Header // as the handler sees it
	sent   http.Header // header at WriteHeader; nil before
	status int         // 0 before WriteHeader
	body   spool
	err    error // why the response can't be sent

	streaming bool // Stream has ended the unit: writes are sent at once

	ctx               context.Context //nolint:containedctx // the handler's
	cancel            context.CancelCauseFunc
	lifted            bool        // LiftTimeouts was called
	stopShutdownWatch func() bool // nil unless LiftTimeouts watches for the shutdown
	mu                sync.Mutex
	finalDeadline     time.Time // the latest write deadline, once the service shuts down; else zero
}

// errSwitchingProtocols: 101 hands over the connection, which a held response can't do.
var errSwitchingProtocols = errors.New("reqtx: a handler in a transaction can't switch protocols")

func newHeldResponse(ctx context.Context, w http.ResponseWriter, unit *txn.Unit, method string, o *Options) *heldResponse {
	h := &heldResponse{w: w, unit: unit, method: method, options: o, header: w.Header().Clone(), body: spool{limit: o.MaxMemory, shared: o.held}}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	return h
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
	h.sent = h.header.Clone()
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
	if IsEventStream(h.sent) {
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
	length := ""
	if h.exactLength() {
		length = strconv.FormatInt(h.body.size, 10)
	}
	h.sendHeader(length)
	h.sendBody()
	h.sendTrailers()
}

func (h *heldResponse) sendHeader(length string) {
	header := h.w.Header()
	clear(header)
	maps.Copy(header, h.sent)
	if h.options.Tokens != nil {
		h.options.Tokens.add(header, h.unit)
	}
	if length != "" {
		header.Set("Content-Length", length)
	}
	h.w.WriteHeader(h.status)
}

func (h *heldResponse) sendBody() {
	if h.body.size > 0 {
		_, _ = h.body.WriteTo(h.w) // a client that is gone by now loses the response, not its work
	}
}

// exactLength reports whether Content-Length is the length of the held body.
func (h *heldResponse) exactLength() bool {
	if !bodyAllowed(h.status) || len(h.sent["Trailer"]) > 0 || len(h.sent["Transfer-Encoding"]) > 0 || h.prefixedTrailers() {
		return false
	}
	return h.method != http.MethodHead || h.body.size > 0
}

// prefixedTrailers reports whether the handler has set trailers without announcing
// them.
func (h *heldResponse) prefixedTrailers() bool {
	for name := range h.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// sendTrailers passes on the header as it is after WriteHeader: net/http takes the
// trailers from it, which were announced or have its prefix.
func (h *heldResponse) sendTrailers() {
	if h.prefixedTrailers() {
		_ = http.NewResponseController(h.w).Flush() // only a chunked body has trailers
	}
	header := h.w.Header()
	clear(header)
	maps.Copy(header, h.header)
}

// close releases the body, and ends the handler's context.
func (h *heldResponse) close() {
	if h.stopShutdownWatch != nil {
		h.stopShutdownWatch()
	}
	h.cancel(nil)
	h.body.close()
}

// bodyAllowed reports whether a response with this status may have a body.
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
