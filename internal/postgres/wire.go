package postgres

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
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
	hidden int    // how many statements' answers are still to be kept from pgx
	ready  []byte // answers that came among the hidden ones and are pgx's
	row    []byte // the body of the last row that was hidden

	committing atomic.Bool // a COMMIT was sent, and not answered
}

// build is a [pgconn.BuildFrontendFunc].
func (w *wire) build(r io.Reader, out io.Writer) *pgproto3.Frontend {
	w.in, w.out = bufio.NewReader(r), out
	return pgproto3.NewFrontend(w, w)
}

// Write sends what pgx sends: whole messages, of which the first of a
// transaction takes BEGIN along.
func (w *wire) Write(p []byte) (int, error) {
	b := w.begin
	if b == nil || len(p) == 0 || p[0] == terminate {
		return w.out.Write(p)
	}
	w.begin, w.hidden, w.row = nil, len(b.statements), nil
	message, err := b.inFrontOf(w.scratch[:0], p)
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

// maxScratch bounds the memory that a connection keeps for its next BEGIN, in bytes.
const maxScratch = 16 << 10

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
	return w.in.Read(p)
}

// The messages that matter here; see
// https://www.postgresql.org/docs/current/protocol-message-formats.html.
const (
	query           = 'Q'
	terminate       = 'X'
	commandComplete = 'C'
	dataRow         = 'D'
	errorResponse   = 'E'
	notice          = 'N'
	notification    = 'A'
	parameterStatus = 'S'

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
		// The server skips what follows up to the next Sync, the statement
		// included: the error is the statement's.
		w.hidden = 0
		return nil
	}
	if size < headerSize || size > maxHidden {
		return fmt.Errorf("postgres: message %q of %d bytes", kind, size)
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(w.in, message); err != nil {
		return err
	}
	switch kind {
	case notice, notification, parameterStatus:
		w.ready = append(w.ready, message...)
	case dataRow:
		w.row = message[headerSize:]
	case commandComplete:
		w.hidden--
	}
	return nil
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

// begin is what is sent to begin a transaction. It is immutable.
type begin struct {
	statements []statementText
	extended   []byte // the same as messages of the extended protocol
}

// newBegin returns the begin of statements.
func newBegin(statements ...statementText) (*begin, error) {
	b := &begin{statements: statements}
	for _, s := range statements {
		parameters := make([][]byte, len(s.args))
		for i, arg := range s.args {
			parameters[i] = []byte(arg)
		}
		for _, m := range []pgproto3.FrontendMessage{
			&pgproto3.Parse{Query: s.sql},
			&pgproto3.Bind{Parameters: parameters},
			&pgproto3.Execute{},
		} {
			var err error
			if b.extended, err = m.Encode(b.extended); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// String is for the log.
func (b *begin) String() string {
	var texts []string
	for _, s := range b.statements {
		if len(s.args) == 0 {
			texts = append(texts, s.sql)
		} else {
			texts = append(texts, fmt.Sprintf("%s %q", s.sql, s.args))
		}
	}
	return strings.Join(texts, "; ")
}

// statementText is a statement with its arguments, in text format.
type statementText struct {
	sql  string
	args []string
}

// inFrontOf appends the statements and message to buf. They are sent so that the
// server skips message when one of them fails, for it must never run outside of the
// transaction: in the extended protocol it skips everything up to the next Sync,
// which is part of message, and in the simple one the rest of the same Query.
func (b *begin) inFrontOf(buf, message []byte) ([]byte, error) {
	if message[0] == query {
		return b.inFrontOfQuery(buf, message)
	}
	return append(append(buf, b.extended...), message...), nil
}

// inFrontOfQuery makes one Query of the statements and that of message. The
// position that an error gives then counts from BEGIN.
func (b *begin) inFrontOfQuery(buf, message []byte) ([]byte, error) {
	size := 1 + int(binary.BigEndian.Uint32(message[1:]))
	var q pgproto3.Query
	if err := q.Decode(message[headerSize:size]); err != nil {
		return nil, err
	}
	var text strings.Builder
	for _, s := range b.statements {
		sql, err := s.inline()
		if err != nil {
			return nil, err
		}
		text.WriteString(sql + ";")
	}
	buf, err := (&pgproto3.Query{String: text.String() + q.String}).Encode(buf)
	return append(buf, message[size:]...), err
}
