package pgtx

import (
	"bytes"
	"encoding/binary"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// watch follows what is said on a connection, as far as it tells whether the
// transaction is still the one that was begun, and whether the session is still as
// it was made. The server has the last word: BEGIN isn't taken for granted because
// it was sent, nor is a statement's text believed where its command tag says more.
//
// It is used by whoever uses the connection; the gate may be shut by anybody.
type watch struct {
	gate  atomic.Uint32
	armed bool // the connection is made: what is sent is looked at

	// Of the transaction.
	begun    bool            // the server has answered BEGIN
	status   byte            // as the server said last: I, T or E
	foreign  bool            // it was ended, or another one begun, by hand
	doubtful bool            // its access mode may have been changed
	returns  int             // answers to ROLLBACK TO SAVEPOINT that are still to come
	pending  int             // how many times the server has yet to say that it is ready
	cause    *pgconn.PgError // what made it fail, without the texts
	ending   bool            // COMMIT or ROLLBACK is its maker's
	ended    string          // the tag that answered it

	// Of the session.
	lingers bool              // something may have been left in it, see reset
	spoiled bool              // something was left in it that reset can't take away
	told    map[string]string // the parameters that the server tells of, as they were at first
	changed map[string]string // those that are different now
	named   map[string]traits // its prepared statements that aren't plain
	stale   func()            // called when one of its plans has turned out to be stale

	header [headerSize]byte // of the message that is being read
	have   int              // bytes of the header
	left   int              // bytes of the body that are still to come
	body   []byte           // of a message that matters, kept for the next one
}

// The gate's states.
const (
	gateOpen    uint32 = iota // whoever has the connection may send anything
	gateManaged               // a transaction of NewTx is open: its sender can't end it
	gateShut                  // nothing may be sent
)

// arm begins to look at what is sent: the session is now as every user finds it.
func (w *watch) arm() { w.armed, w.lingers, w.spoiled, w.doubtful = true, false, false, false }

// enter makes the watch ready for a transaction.
func (w *watch) enter() {
	w.begun, w.foreign, w.doubtful, w.ending = false, false, false, false
	w.returns, w.pending, w.cause, w.ended = 0, 0, nil, ""
	w.gate.Store(gateManaged)
}

// sending looks at whole messages of the client's before they are sent, and returns an
// error for one that must not be.
func (w *watch) sending(p []byte) error {
	if !w.armed || w.ending {
		return nil
	}
	if w.foreign && w.gate.Load() == gateManaged {
		return ErrLost
	}
	for len(p) >= headerSize {
		size := 1 + int(binary.BigEndian.Uint32(p[1:]))
		if size < headerSize || size > len(p) {
			return nil // the rest of a message that pgx sends in pieces, as of COPY
		}
		if w.ahead(p[0]) && w.gate.Load() == gateManaged {
			w.foreign = true
			return ErrLost
		}
		if t := w.traitsOf(p[0], p[headerSize:size]); t != plain {
			if t.managed && w.gate.Load() == gateManaged {
				w.foreign = true // whoever sends that counts on it
				return ErrManaged
			}
			w.lingers, w.spoiled = w.lingers || t.lingers, w.spoiled || t.spoils
			w.returns += t.returns
		}
		p = p[size:]
	}
	return nil
}

// ahead counts a message that the server answers by saying that it is ready, and reports
// whether it is a query that is sent before an earlier one has been answered. What that
// one changes, as where a string ends, isn't known then. Pgx itself never sends one.
func (w *watch) ahead(kind byte) bool {
	if kind != query && kind != syncUp && kind != functionCall {
		return false
	}
	w.pending++
	return kind == query && w.pending > 1
}

// traitsOf is what a message has the server run.
func (w *watch) traitsOf(kind byte, body []byte) traits {
	switch kind {
	case query:
		text, _ := cString(body)
		return inspect(text)
	case parseText:
		name, rest := cString(body)
		text, _ := cString(rest)
		return w.prepares(name, inspect(text))
	case bindPortal:
		if len(w.named) > 0 {
			_, rest := cString(body) // behind the portal's name
			name, _ := cString(rest)
			return w.named[name]
		}
	case functionCall:
		return traits{lingers: true}
	}
	return plain
}

// prepares notes the traits of a prepared statement, and returns those that count
// before it is run.
func (w *watch) prepares(name string, t traits) traits {
	if t == plain {
		delete(w.named, name)
	} else {
		if w.named == nil {
			w.named = map[string]traits{}
		}
		w.named[name] = t
	}
	// One that neither pgx nor wire has named stays for the next user to stumble over.
	w.spoiled = w.spoiled || name != "" && !strings.HasPrefix(name, "stmt") && !strings.HasPrefix(name, preparedPrefix)
	return traits{managed: t.managed}
}

// cString is the text that b begins with, up to its NUL, and what follows.
func cString(b []byte) (text string, rest []byte) {
	before, rest, _ := bytes.Cut(b, []byte{0})
	return string(before), rest
}

// reading looks at the next piece of what the server says.
func (w *watch) reading(p []byte) {
	for len(p) > 0 {
		if w.have < headerSize {
			n := copy(w.header[w.have:], p)
			w.have, p = w.have+n, p[n:]
			if w.have < headerSize {
				return
			}
			w.left = int(binary.BigEndian.Uint32(w.header[1:])) - 4
			w.body = w.body[:0]
		}
		n := min(w.left, len(p))
		if n > 0 && matters(w.header[0]) && len(w.body) < maxScratch {
			w.body = append(w.body, p[:n]...)
		}
		w.left, p = w.left-n, p[max(n, 0):]
		if w.left <= 0 {
			w.have = 0
			w.received(w.header[0], w.body)
		}
	}
}

func matters(kind byte) bool {
	switch kind {
	case commandComplete, readyForQuery, parameterStatus, errorResponse:
		return true
	}
	return false
}

// received looks at a whole message of the server's.
func (w *watch) received(kind byte, body []byte) {
	switch kind {
	case commandComplete:
		w.completed(bytes.TrimSuffix(body, []byte{0}))
	case readyForQuery:
		w.returns, w.pending = 0, max(0, w.pending-1)
		if len(body) == 1 {
			w.status = body[0]
		}
	case parameterStatus:
		name, rest := cString(body)
		value, _ := cString(rest)
		w.reported(name, value)
	case errorResponse:
		w.failed(body)
	}
}

// completed judges a statement by its command tag.
func (w *watch) completed(tag []byte) {
	if w.ending {
		if w.ended == "" {
			w.ended = string(tag)
		}
		return
	}
	switch string(tag) {
	case "COMMIT", "BEGIN", "START TRANSACTION", "PREPARE TRANSACTION":
		w.foreign = true
	case "ROLLBACK":
		w.foreign = w.foreign || w.returns == 0
		w.returns = max(0, w.returns-1)
	case "SET", "RESET":
		w.doubtful, w.lingers = true, true
	case "LISTEN", "DECLARE CURSOR", "CALL":
		w.lingers = true
	case "PREPARE", "DEALLOCATE", "DEALLOCATE ALL", "DISCARD ALL", "DISCARD PLANS", "LOAD":
		w.spoiled = true
	}
}

// reported notes a parameter of the session.
func (w *watch) reported(name, value string) {
	switch {
	case w.told == nil:
		w.told, w.changed = map[string]string{}, map[string]string{}
		fallthrough
	case !w.armed:
		w.told[name] = value
	case w.told[name] == value:
		delete(w.changed, name)
	default:
		w.changed[name] = value
		// With another one, a string ends elsewhere than inspect believes.
		w.foreign = w.foreign || name == "standard_conforming_strings" || name == "client_encoding"
	}
}

// failed notes an error, but for those that only say that there was one before.
func (w *watch) failed(body []byte) {
	if w.status == 'E' && w.cause != nil {
		return
	}
	w.cause = &pgconn.PgError{}
	for len(body) > 1 {
		field := body[0]
		text, rest := cString(body[1:])
		switch field {
		case 'V':
			w.cause.SeverityUnlocalized = text
		case 'S':
			w.cause.Severity = text
		case 'C':
			w.cause.Code = text
		case 'R':
			w.cause.Routine = text
		}
		body = rest
	}
	switch {
	case isStalePlan(w.cause) && w.stale != nil:
		w.stale()
	case isMissingPlan(w.cause):
		w.spoiled = true
	}
}

// reset takes away what a transaction may have left in its session, but for what
// spoils it. It is DISCARD ALL in its parts, which may follow COMMIT in one message;
// the prepared statements stay, since pgx counts on its own.
const reset = "reset session authorization; reset role; reset all; close all; unlisten *; " +
	"select pg_advisory_unlock_all(); discard temp; discard sequences"

// with is a command with a reset behind it, in one message, where one is due. Behind a
// pooler the session is somebody else's once the transaction has ended.
func (w *watch) with(command string) string {
	var all []string
	if command != "" {
		all = append(all, command)
	}
	if w.lingers || w.spoiled {
		all = append(all, reset)
	}
	if w.spoiled {
		all = append(all, "deallocate all")
	}
	return strings.Join(all, "; ")
}

// settle says what became of the session at the end of a transaction, or of a reset,
// that returned err.
func (w *watch) settle(err error) {
	w.spoiled = w.spoiled || err != nil && w.lingers || len(w.changed) > 0
	w.lingers = false
}
