package pgtx

import (
	"bytes"
	"encoding/binary"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// tracker follows the messages of a connection to know whether the transaction is still
// the one that was started, and whether the session is still as it was when connected.
// The server has the last word: a BEGIN that was sent doesn't count until it is
// confirmed, and a command tag counts for more than the statement's text.
//
// It is used by whoever uses the connection. Anybody may close the gate.
type tracker struct {
	gate      atomic.Uint32
	connected bool // start-up is over: what is sent is inspected

	// The transaction.
	started       bool            // the server has confirmed BEGIN
	status        byte            // of the last ReadyForQuery: I, T or E
	lost          bool            // it was ended, or another one started, by hand
	modeUncertain bool            // its access mode may have been changed
	awaited       bool            // others may wait for its end
	rollbackTos   int             // ROLLBACK TO SAVEPOINT commands that aren't completed
	awaitingReady int             // ReadyForQuery messages that haven't arrived
	cause         *pgconn.PgError // the error that made it fail, without its texts
	ending        bool            // COMMIT or ROLLBACK was sent by Tx
	inFront       int             // statements of that flight before it that aren't completed
	endTag        string          // the command tag of that COMMIT or ROLLBACK
	endRow        []byte          // the first row that was sent behind it, if it's wanted
	wantEndRow    bool

	// The session.
	needsReset    bool              // something may be left that resetSQL removes
	needsClose    bool              // something may be left that resetSQL doesn't remove
	startupParams map[string]string // the ParameterStatus values when connected
	changedParams map[string]string // the ones that have changed since
	statements    map[string]traits // prepared statements whose traits matter
	onStalePlan   func()            // called when a prepared statement's plan is stale

	header    [headerSize]byte // of the message that is being read
	headerLen int              // bytes of the header that have arrived
	bodyLeft  int              // bytes of the body that haven't arrived
	body      []byte           // of a message that matters; reused
}

// The states of the gate.
const (
	gateOpen   uint32 = iota // no transaction of NewTx: anything may be sent
	gateInTx                 // in one: transaction control statements are refused
	gateClosed               // it has ended: everything is refused
)

// sessionStarted begins to inspect what is sent. From now on the session is any user's.
func (t *tracker) sessionStarted() {
	t.connected, t.needsReset, t.needsClose, t.modeUncertain = true, false, false, false
}

// startTx prepares for a transaction.
func (t *tracker) startTx() {
	t.started, t.lost, t.modeUncertain, t.awaited, t.ending = false, false, false, false, false
	t.rollbackTos, t.awaitingReady, t.cause, t.endTag, t.inFront = 0, 0, nil, "", 0
	t.endRow, t.wantEndRow = t.endRow[:0], false
	t.gate.Store(gateInTx)
}

// outgoing inspects messages before they are sent, and returns an error for one that
// must not be.
func (t *tracker) outgoing(p []byte) error {
	if !t.connected {
		return nil
	}
	if t.ending {
		t.noteParses(p)
		return nil
	}
	if t.lost && t.gate.Load() == gateInTx {
		return ErrLost
	}
	for len(p) >= headerSize {
		size := 1 + int(binary.BigEndian.Uint32(p[1:]))
		if size < headerSize || size > len(p) {
			return nil // the rest of a message that pgx sends in parts, as in COPY
		}
		if t.pipelined(p[0]) && t.gate.Load() == gateInTx {
			t.lost = true
			return ErrLost
		}
		if found := t.traitsOf(p[0], p[headerSize:size]); found != noTraits {
			if found.controlsTx && t.gate.Load() == gateInTx {
				t.lost = true // the sender relies on it
				return ErrManaged
			}
			t.needsReset, t.needsClose = t.needsReset || found.needsReset, t.needsClose || found.needsClose
			t.awaited = t.awaited || found.awaited
			t.rollbackTos += found.rollbackTos
		}
		p = p[size:]
	}
	return nil
}

// noteParses notes the traits of the statements that are prepared for the end: a later
// transaction may execute them, as the COMMIT that pgx keeps.
func (t *tracker) noteParses(p []byte) {
	for len(p) >= headerSize {
		size := 1 + int(binary.BigEndian.Uint32(p[1:]))
		if size < headerSize || size > len(p) {
			return
		}
		if p[0] == msgParse {
			t.traitsOf(msgParse, p[headerSize:size])
		}
		p = p[size:]
	}
}

// pipelined counts the messages that the server ends with ReadyForQuery, and reports
// whether this is a Query that is sent before the response to an earlier one. The
// earlier one may change how this one is read, as where its strings end. Pgx itself
// never sends one.
func (t *tracker) pipelined(kind byte) bool {
	if kind != msgQuery && kind != msgSync && kind != msgFunctionCall {
		return false
	}
	t.awaitingReady++
	return kind == msgQuery && t.awaitingReady > 1
}

// traitsOf returns the traits of the statements that a message executes.
func (t *tracker) traitsOf(kind byte, body []byte) traits {
	switch kind {
	case msgQuery:
		text, _ := cString(body)
		return inspect(text)
	case msgParse:
		name, rest := cString(body)
		text, _ := cString(rest)
		return t.parsing(name, inspect(text))
	case msgBind:
		if len(t.statements) > 0 {
			_, rest := cString(body) // after the portal's name
			name, _ := cString(rest)
			return t.statements[name]
		}
	case msgFunctionCall:
		return traits{needsReset: true}
	}
	return noTraits
}

// parsing notes the traits of a prepared statement, and returns those that count before
// it is executed.
func (t *tracker) parsing(name string, found traits) traits {
	if found == noTraits {
		delete(t.statements, name)
	} else {
		if t.statements == nil {
			t.statements = map[string]traits{}
		}
		t.statements[name] = found
	}
	// One that was named by neither pgx nor wire would collide with the next user's.
	t.needsClose = t.needsClose || name != "" && !strings.HasPrefix(name, "stmt") && !strings.HasPrefix(name, preparedPrefix)
	return traits{controlsTx: found.controlsTx}
}

// cString returns the text that b begins with, up to its NUL, and what follows.
func cString(b []byte) (text string, rest []byte) {
	before, rest, _ := bytes.Cut(b, []byte{0})
	return string(before), rest
}

// incoming follows the next bytes that the server has sent.
func (t *tracker) incoming(p []byte) {
	for len(p) > 0 {
		if t.headerLen < headerSize {
			n := copy(t.header[t.headerLen:], p)
			t.headerLen, p = t.headerLen+n, p[n:]
			if t.headerLen < headerSize {
				return
			}
			t.bodyLeft = int(binary.BigEndian.Uint32(t.header[1:])) - 4
			t.body = t.body[:0]
		}
		n := min(t.bodyLeft, len(p))
		if n > 0 && t.matters(t.header[0]) && len(t.body) < maxBuffer {
			t.body = append(t.body, p[:n]...)
		}
		t.bodyLeft, p = t.bodyLeft-n, p[max(n, 0):]
		if t.bodyLeft <= 0 {
			t.headerLen = 0
			t.received(t.header[0], t.body)
		}
	}
}

// inStep reports whether pgx has got whole messages.
func (t *tracker) inStep() bool { return t.headerLen == 0 }

// matters reports whether received needs the body of a message.
func (t *tracker) matters(kind byte) bool {
	switch kind {
	case msgCommandComplete, msgReadyForQuery, msgParameterStatus, msgErrorResponse:
		return true
	case msgDataRow:
		return t.wantEndRow && t.endTag != ""
	}
	return false
}

// received handles one message of the server.
func (t *tracker) received(kind byte, body []byte) {
	switch kind {
	case msgCommandComplete:
		t.completed(bytes.TrimSuffix(body, []byte{0}))
	case msgReadyForQuery:
		t.rollbackTos, t.awaitingReady = 0, max(0, t.awaitingReady-1)
		if len(body) == 1 {
			t.status = body[0]
		}
	case msgParameterStatus:
		name, rest := cString(body)
		value, _ := cString(rest)
		t.parameterStatus(name, value)
	case msgErrorResponse:
		t.failed(body)
	case msgDataRow:
		if t.wantEndRow && t.endTag != "" {
			t.endRow, t.wantEndRow = append(t.endRow, body...), false
		}
	}
}

// completed handles the command tag of a statement.
func (t *tracker) completed(tag []byte) {
	if t.ending {
		switch {
		case t.inFront > 0:
			t.inFront--
		case t.endTag == "":
			t.endTag = string(tag)
		}
		return
	}
	switch string(tag) {
	case "COMMIT", "BEGIN", "START TRANSACTION", "PREPARE TRANSACTION":
		t.lost = true
	case "ROLLBACK":
		t.lost = t.lost || t.rollbackTos == 0
		t.rollbackTos = max(0, t.rollbackTos-1)
	case "SET", "RESET":
		t.modeUncertain, t.needsReset = true, true
	case "LISTEN", "DECLARE CURSOR", "CALL":
		t.needsReset = true
	case "PREPARE", "DEALLOCATE", "DEALLOCATE ALL", "DISCARD ALL", "DISCARD PLANS", "LOAD":
		t.needsClose = true
	}
}

// parameterStatus notes the value of a parameter of the session.
func (t *tracker) parameterStatus(name, value string) {
	switch {
	case t.startupParams == nil:
		t.startupParams, t.changedParams = map[string]string{}, map[string]string{}
		fallthrough
	case !t.connected:
		t.startupParams[name] = value
	case t.startupParams[name] == value:
		delete(t.changedParams, name)
	default:
		t.changedParams[name] = value
		// These change where a string ends, so inspect may have misread a statement.
		t.lost = t.lost || name == "standard_conforming_strings" || name == "client_encoding"
	}
}

// failed notes an error. Those that follow it in a failed transaction say nothing new.
func (t *tracker) failed(body []byte) {
	if t.status == 'E' && t.cause != nil {
		return
	}
	t.cause = &pgconn.PgError{}
	for len(body) > 1 {
		field := body[0]
		text, rest := cString(body[1:])
		switch field {
		case 'V':
			t.cause.SeverityUnlocalized = text
		case 'S':
			t.cause.Severity = text
		case 'C':
			t.cause.Code = text
		case 'R':
			t.cause.Routine = text
		}
		body = rest
	}
	switch {
	case isStalePlan(t.cause) && t.onStalePlan != nil:
		t.onStalePlan()
	case isMissingPlan(t.cause):
		t.needsClose = true
	}
}

// resetSQL removes what a transaction may have left in its session, except for what
// needs a close. It is DISCARD ALL in parts, which may follow COMMIT in one message,
// without the prepared statements, which pgx relies on.
const resetSQL = "reset session authorization; reset role; reset all; close all; unlisten *; " +
	"select pg_advisory_unlock_all(); discard temp; discard sequences"

// withReset returns the command, followed in the same message by a reset if one is
// due. Behind a pooler the session is somebody else's once the transaction has ended.
func (t *tracker) withReset(command string) string {
	var all []string
	if command != "" {
		all = append(all, command)
	}
	if t.needsReset || t.needsClose {
		all = append(all, resetSQL)
	}
	if t.needsClose {
		all = append(all, "deallocate all")
	}
	return strings.Join(all, "; ")
}

// resetDone notes the error of the command that withReset returned, or nil.
func (t *tracker) resetDone(err error) {
	t.needsClose = t.needsClose || err != nil && t.needsReset || len(t.changedParams) > 0
	t.needsReset = false
}
