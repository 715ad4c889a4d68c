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

// wire is the byte stream between pgx and the server, above TLS. It prepends BEGIN to
// the first message that pgx sends in a transaction and hides the server's messages for
// it from pgx, which thus runs every statement as it always does: the same messages,
// formats and statement cache.
//
// A wire belongs to one connection and is used by one goroutine at a time, as pgx uses
// the connection.
type wire struct {
	in      *bufio.Reader
	out     io.Writer
	tracker tracker
	parking parking

	begin     *begin // to prepend to the next message; nil for none
	readWrite bool   // the transaction is to write
	onPrimary bool   // the transaction is to read on the primary
	sendBuf   []byte // for BEGIN and the message behind it; reused

	commitLeft int    // messages still to hide that end the response to a parked COMMIT
	hidden     int    // CommandComplete messages behind it still to hide from pgx
	sent       int    // statements that start the transaction, of which hidden are left
	failedAt   int    // the index of the one that failed, or noneFailed
	message    []byte // the message being hidden; reused
	passOn     []byte // messages that arrived among the hidden ones and are for pgx
	lastRow    []byte // the body of the last DataRow that was hidden

	committing *atomic.Bool // COMMIT was sent and no response has arrived

	prepares  bool                // prepare statements once and keep them, as pgx does
	prepared  map[string]struct{} // statements that the server has prepared
	preparing []string            // statements whose ParseComplete hasn't arrived
}

// noneFailed is the failedAt of a wire on which no statement that starts the transaction
// has failed.
const noneFailed = -1

// newFrontend puts w below the frontend of a connection.
func (w *wire) newFrontend(r io.Reader, out io.Writer) *pgproto3.Frontend {
	n := network{in: r, out: out}
	w.in, w.out = bufio.NewReader(n), n
	return pgproto3.NewFrontend(w, w)
}

// errClosed is the error of whatever is sent after the end of a transaction.
var errClosed = errors.New("the transaction has ended")

// Write sends messages of pgx. It gets whole messages, and prepends BEGIN to the first
// one of a transaction, and a parked COMMIT to that. Anything else waits for the end of a
// parked transaction, in which nothing may run.
func (w *wire) Write(p []byte) (int, error) {
	if len(p) == 0 || p[0] == msgTerminate {
		w.parking.take() // the server rolls back
		return w.out.Write(p)
	}
	if w.tracker.gate.Load() == gateClosed {
		return 0, errClosed
	}
	if err := w.tracker.outgoing(p); err != nil {
		return 0, err
	}
	b, parked := w.begin, w.parking.take()
	if b == nil && parked {
		if err := w.commitParked(); err != nil {
			return 0, err
		}
	}
	if b == nil {
		return w.out.Write(p)
	}
	w.begin, w.hidden, w.sent, w.lastRow = nil, len(b.statements), len(b.statements), w.lastRow[:0]
	message, err := w.prepend(b, p, parked)
	if err != nil {
		return 0, err
	}
	if cap(message) <= maxBuffer {
		w.sendBuf = message
	}
	n, err := w.out.Write(message)
	if err != nil {
		return max(0, n-(len(message)-len(p))), err
	}
	return len(p), nil
}

// maxBuffer limits each buffer that a connection keeps for reuse, in bytes.
const maxBuffer = 16 << 10

// prepend returns b followed by message, behind a parked COMMIT if there is one. Message must never run outside the
// transaction, so the server has to skip it when a statement of b fails: in the
// extended protocol it skips everything up to the next Sync, which is part of message;
// in the simple one it skips the rest of the same Query.
func (w *wire) prepend(b *begin, message []byte, parked bool) ([]byte, error) {
	buf := w.sendBuf[:0]
	if message[0] == msgQuery {
		if parked {
			buf, w.commitLeft = append(buf, commitQuery...), 2 // by itself: an error of message's syntax would precede it
		}
		return b.prependToQuery(buf, message)
	}
	if parked {
		buf, w.commitLeft = w.appendStatement(buf, parkedCommits[w.prepares]), 1
	}
	for _, s := range b.statements {
		buf = w.appendStatement(buf, s)
	}
	return append(buf, message...), nil
}

// appendStatement appends what runs a statement, and prepares it if need be.
func (w *wire) appendStatement(buf []byte, s *beginStatement) []byte {
	if _, ok := w.prepared[s.name]; !ok {
		buf = append(buf, s.parse...)
		if w.prepares {
			w.preparing = append(w.preparing, s.name)
		}
	}
	return append(buf, s.execute...)
}

// Read returns what the server sends, without the messages for BEGIN.
func (w *wire) Read(p []byte) (int, error) {
	if w.parking.take() { // somebody waits for notifications
		if err := w.commitParked(); err != nil {
			return 0, err
		}
	}
	for w.hidden > 0 && len(w.passOn) == 0 {
		if err := w.hide(); err != nil {
			return 0, err
		}
	}
	if len(w.passOn) > 0 {
		n := copy(p, w.passOn)
		w.passOn = w.passOn[n:]
		return n, nil
	}
	n, err := w.in.Read(p)
	w.tracker.incoming(p[:n])
	return n, err
}

// The types of the messages that matter here; see
// https://www.postgresql.org/docs/current/protocol-message-formats.html.
const (
	msgQuery        = 'Q'
	msgParse        = 'P'
	msgBind         = 'B'
	msgFunctionCall = 'F'
	msgSync         = 'S'
	msgTerminate    = 'X'

	msgParseComplete        = '1'
	msgCommandComplete      = 'C'
	msgDataRow              = 'D'
	msgErrorResponse        = 'E'
	msgNoticeResponse       = 'N'
	msgNotificationResponse = 'A'
	msgParameterStatus      = 'S'
	msgReadyForQuery        = 'Z'

	headerSize = 5 // the type, and the length of what follows, including itself

	// maxHidden limits a message that is hidden, in bytes. All of them are small: a
	// longer one means that the stream is out of step.
	maxHidden = 1 << 20
)

// hide reads one message and either hides it or keeps it for pgx.
func (w *wire) hide() error {
	header, err := w.in.Peek(headerSize)
	if err != nil {
		return err
	}
	if header[0] == msgErrorResponse && w.commitLeft == 0 {
		w.beginFailed()
		return nil
	}
	kind, message, err := w.readMessage()
	if err != nil {
		return err
	}
	if w.commitLeft > 0 {
		switch kind {
		case msgErrorResponse:
			return parkedError(message[headerSize:])
		case msgCommandComplete:
			w.commitLeft--
			return nil
		case msgReadyForQuery:
			w.commitLeft--
			return wantIdle(message[headerSize:])
		}
	}
	switch kind {
	case msgNoticeResponse, msgNotificationResponse, msgParameterStatus:
		w.passOn = append(w.passOn, message...)
		w.tracker.received(kind, message[headerSize:])
	case msgParseComplete:
		w.parseCompleted()
	case msgDataRow:
		w.lastRow = append(w.lastRow[:0], message[headerSize:]...)
	case msgCommandComplete:
		if w.hidden--; w.hidden == 0 {
			w.tracker.started, w.tracker.status = true, 'T'
		}
	}
	return nil
}

// readMessage reads one message of the server. It is valid until the next one is read.
func (w *wire) readMessage() (kind byte, message []byte, err error) {
	header, err := w.in.Peek(headerSize)
	if err != nil {
		return 0, nil, err
	}
	kind, size := header[0], 1+int(binary.BigEndian.Uint32(header[1:]))
	if size < headerSize || size > maxHidden {
		return 0, nil, fmt.Errorf("pgtx: unexpected message %q of %d bytes in a response that is hidden", kind, size)
	}
	message = slices.Grow(w.message[:0], size)[:size]
	if size <= maxBuffer {
		w.message = message
	}
	_, err = io.ReadFull(w.in, message)
	return kind, message, err
}

// beginFailed leaves the ErrorResponse to pgx: the server skips everything up to the
// next Sync, the statement included, so the error is the statement's. A prepared
// statement may be gone, as after DISCARD ALL, so all of them are prepared again.
func (w *wire) beginFailed() {
	w.failedAt = w.sent - w.hidden
	w.hidden, w.preparing = 0, w.preparing[:0]
	clear(w.prepared)
}

// parseCompleted notes that the server has prepared a statement.
func (w *wire) parseCompleted() {
	if len(w.preparing) == 0 {
		return
	}
	if w.prepared == nil {
		w.prepared = map[string]struct{}{}
	}
	w.prepared[w.preparing[0]] = struct{}{}
	w.preparing = slices.Delete(w.preparing, 0, 1)
}

// hiddenValue returns the first column of the last row that was hidden.
func (w *wire) hiddenValue() (string, error) {
	var row pgproto3.DataRow
	if err := row.Decode(w.lastRow); err != nil {
		return "", err
	}
	if len(row.Values) == 0 {
		return "", io.ErrUnexpectedEOF
	}
	return string(row.Values[0]), nil
}
