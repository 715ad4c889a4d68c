package pgtx

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgproto3"
)

// wire is the byte stream between pgx and the server, above TLS. It lets BEGIN
// ride in front of whatever pgx sends first in a transaction, and keeps the
// answers to it from pgx, which thus runs every statement in just the way it
// always does: same message, same formats, same cache.
//
// A wire belongs to one connection and is used by one goroutine at a time, as
// pgx uses it.
type wire struct {
	in  *bufio.Reader
	out io.Writer

	scratch []byte // what is sent as one, kept for the next time

	begin  *begin // to be sent in front of the next message; nil when none is
	writes bool   // the transaction is to write
	hidden int    // how many statements' answers are still to be kept from pgx
	answer []byte // the one that is looked at, kept for the next one
	ready  []byte // answers that came among the hidden ones and are pgx's
	row    []byte // the body of the last row that was hidden

	committing atomic.Bool // a COMMIT was sent, and not answered

	watch watch

	prepares  bool                // statements are prepared once and stay, as pgx's own do
	prepared  map[string]struct{} // those that the server has
	preparing []string            // those that it was sent and hasn't answered
}

// build is a [pgconn.BuildFrontendFunc].
func (w *wire) build(r io.Reader, out io.Writer) *pgproto3.Frontend {
	n := network{in: r, out: out}
	w.in, w.out = bufio.NewReader(n), n
	return pgproto3.NewFrontend(w, w)
}

// errShut is why nothing more is sent for a transaction that has ended.
var errShut = errors.New("the transaction has ended")

// Write sends what pgx sends: whole messages, of which the first of a
// transaction takes BEGIN along.
func (w *wire) Write(p []byte) (int, error) {
	if len(p) == 0 || p[0] == terminate {
		return w.out.Write(p)
	}
	if w.watch.gate.Load() == gateShut {
		return 0, errShut
	}
	if err := w.watch.sending(p); err != nil {
		return 0, err
	}
	b := w.begin
	if b == nil {
		return w.out.Write(p)
	}
	w.begin, w.hidden, w.row = nil, len(b.statements), w.row[:0]
	message, err := w.inFront(b, p)
	if err != nil {
		return 0, err
	}
	if cap(message) <= maxScratch {
		w.scratch = message
	}
	n, err := w.out.Write(message)
	if err != nil {
		return max(0, n-(len(message)-len(p))), err
	}
	return len(p), nil
}

// maxScratch bounds the memory that a connection keeps for its next BEGIN, and for
// the answers to it, in bytes each.
const maxScratch = 16 << 10

// inFront is message with b in front. They are sent so that the server skips message
// when a statement of b fails, for it must never run outside of the transaction: in
// the extended protocol it skips everything up to the next Sync, which is part of
// message, and in the simple one the rest of the same Query.
func (w *wire) inFront(b *begin, message []byte) ([]byte, error) {
	buf := w.scratch[:0]
	if message[0] == query {
		return b.inFrontOfQuery(buf, message)
	}
	for _, s := range b.statements {
		if _, ok := w.prepared[s.name]; !ok {
			buf = append(buf, s.parse...)
			if w.prepares {
				w.preparing = append(w.preparing, s.name)
			}
		}
		buf = append(buf, s.run...)
	}
	return append(buf, message...), nil
}

// Read returns what the server sends, without the answers to BEGIN.
func (w *wire) Read(p []byte) (int, error) {
	for w.hidden > 0 && len(w.ready) == 0 {
		if err := w.hide(); err != nil {
			return 0, err
		}
	}
	if len(w.ready) > 0 {
		n := copy(p, w.ready)
		w.ready = w.ready[n:]
		return n, nil
	}
	n, err := w.in.Read(p)
	w.watch.reading(p[:n])
	return n, err
}

// The messages that matter here; see
// https://www.postgresql.org/docs/current/protocol-message-formats.html.
const (
	query        = 'Q'
	parseText    = 'P'
	bindPortal   = 'B'
	functionCall = 'F'
	syncUp       = 'S'
	terminate    = 'X'

	parseComplete   = '1'
	commandComplete = 'C'
	dataRow         = 'D'
	errorResponse   = 'E'
	notice          = 'N'
	notification    = 'A'
	parameterStatus = 'S'
	readyForQuery   = 'Z'

	headerSize = 5 // the type, and the length of what follows, itself included

	// maxHidden bounds a message that comes before the answers to BEGIN have. All of
	// them are small; a longer one is a stream that has lost its way.
	maxHidden = 1 << 20
)

// hide takes one message off the stream and decides whose it is.
func (w *wire) hide() error {
	header, err := w.in.Peek(headerSize)
	if err != nil {
		return err
	}
	kind, size := header[0], 1+int(binary.BigEndian.Uint32(header[1:]))
	if kind == errorResponse {
		w.fail()
		return nil
	}
	if size < headerSize || size > maxHidden {
		return fmt.Errorf("postgres: message %q of %d bytes", kind, size)
	}
	message := slices.Grow(w.answer[:0], size)[:size]
	if size <= maxScratch {
		w.answer = message
	}
	if _, err := io.ReadFull(w.in, message); err != nil {
		return err
	}
	switch kind {
	case notice, notification, parameterStatus:
		w.ready = append(w.ready, message...)
		w.watch.received(kind, message[headerSize:])
	case parseComplete:
		w.parsed()
	case dataRow:
		w.row = append(w.row[:0], message[headerSize:]...)
	case commandComplete:
		if w.hidden--; w.hidden == 0 {
			w.watch.begun, w.watch.status = true, 'T'
		}
	}
	return nil
}

// fail leaves an error that comes instead of an answer to BEGIN to pgx: the server
// skips what follows up to the next Sync, the statement included, so it is the
// statement's. It may be that a prepared statement is gone, as after DISCARD ALL, so
// all are prepared anew.
func (w *wire) fail() {
	w.hidden, w.preparing = 0, w.preparing[:0]
	clear(w.prepared)
}

// parsed notes that the server has prepared a statement.
func (w *wire) parsed() {
	if len(w.preparing) == 0 {
		return
	}
	if w.prepared == nil {
		w.prepared = map[string]struct{}{}
	}
	w.prepared[w.preparing[0]] = struct{}{}
	w.preparing = slices.Delete(w.preparing, 0, 1)
}

// hiddenValue is the first column of the last row that was hidden.
func (w *wire) hiddenValue() (string, error) {
	var row pgproto3.DataRow
	if err := row.Decode(w.row); err != nil {
		return "", err
	}
	if len(row.Values) == 0 {
		return "", io.ErrUnexpectedEOF
	}
	return string(row.Values[0]), nil
}
