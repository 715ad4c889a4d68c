package pgproxy

import (
	"bytes"
	"strings"
)

// exchange follows the protocol of one session: the statement that a message belongs
// to, the responses that are outstanding, and the number of round trips.
type exchange struct {
	statements map[string]string // text by name of prepared statement
	portals    map[string]string // text by name of portal
	owed       []request         // requests without a complete response, in order
	skipping   bool              // after an error the server ignores messages until Sync
	copying    bool              // in COPY the server ignores Sync and Flush
	ready      bool              // start-up is over
	asked      byte              // 'S' or 'H' if the client is waiting, else 0
	trips      int
}

func newExchange() exchange {
	return exchange{statements: map[string]string{}, portals: map[string]string{}}
}

// request is a client's message that the server has to respond to.
type request struct {
	kind byte
	// fault acts at the end of the response.
	fault *Injection
}

// text returns the text of the statement that a client's message belongs to.
func (x *exchange) text(f frame) string {
	switch f.kind {
	case 'Q':
		query, _ := cutString(f.body())
		return string(query)
	case 'P':
		_, rest := cutString(f.body())
		query, _ := cutString(rest)
		return string(query)
	case 'B':
		_, rest := cutString(f.body())
		statement, _ := cutString(rest)
		return x.statements[string(statement)]
	case 'E':
		portal, _ := cutString(f.body())
		return x.portals[string(portal)]
	case 'D', 'C':
		names, key := x.named(f)
		return names[string(key)]
	}
	return ""
}

// named returns the name in a Describe or Close, and the map that it is a key of.
func (x *exchange) named(f frame) (names map[string]string, key []byte) {
	if rest, ok := bytes.CutPrefix(f.body(), []byte{'S'}); ok {
		key, _ = cutString(rest)
		return x.statements, key
	}
	key, _ = cutString(bytes.TrimPrefix(f.body(), []byte{'P'}))
	return x.portals, key
}

// client records a message of the client. A fault, if not nil, acts at the end of the
// response.
func (x *exchange) client(f frame, fault *Injection) {
	x.prepare(f)
	switch f.kind {
	case 'c', 'f':
		x.copying = false
	case 'H':
		if x.asked == 0 && !x.copying {
			x.asked = 'H'
		}
	case 'S', 'Q', 'F':
		if x.copying {
			return
		}
		x.asked = 'S'
		x.skipping = x.skipping && f.kind != 'S'
		x.owe(f.kind, fault)
	case 'P', 'B', 'D', 'E', 'C':
		x.owe(f.kind, fault)
	}
}

// owe records that the server has to respond.
func (x *exchange) owe(kind byte, fault *Injection) {
	if !x.skipping {
		x.owed = append(x.owed, request{kind, fault})
	}
}

// prepare records the texts that later messages refer to by name.
func (x *exchange) prepare(f frame) {
	switch f.kind {
	case 'P':
		statement, rest := cutString(f.body())
		query, _ := cutString(rest)
		if x.statements[string(statement)] != string(query) { // avoids a copy if it is unchanged
			x.statements[string(statement)] = string(query)
		}
	case 'B':
		portal, rest := cutString(f.body())
		statement, _ := cutString(rest)
		x.portals[string(portal)] = x.statements[string(statement)]
	case 'C':
		names, key := x.named(f)
		delete(names, string(key))
	}
}

// server records a message of the server. It returns the request that it responds to,
// or the zero one, and whether it ends the response.
func (x *exchange) server(kind byte) (answered request, ends bool) {
	if kind == 'N' || kind == 'A' || kind == 'S' {
		return request{}, false
	}
	x.countTrip(kind)
	if len(x.owed) == 0 {
		return request{}, false
	}
	answered = x.owed[0]
	switch {
	case kind == 'E':
		x.fail()
		return answered, true
	case (kind == 'G' || kind == 'W') && answered.kind == 'E':
		x.owed = x.owed[:1] // only a Sync may follow, which is ignored
		x.copying = true
	case endsAnswer(answered.kind, kind):
		x.owed = append(x.owed[:0], x.owed[1:]...)
		ends = true
	}
	return answered, ends
}

// answerEnds are the server's messages that end the response to a client's message.
var answerEnds = map[byte]string{
	'P': "1", 'B': "2", 'C': "3", 'D': "Tn", 'E': "CIs", 'S': "Z", 'Q': "Z", 'F': "Z",
}

// endsAnswer reports whether a server's message ends the response to a client's.
func endsAnswer(asked, answer byte) bool { return strings.IndexByte(answerEnds[asked], answer) >= 0 }

// fail drops the requests that the server ignores after an error, up to the Sync, Query
// or FunctionCall that gets the ReadyForQuery.
func (x *exchange) fail() {
	x.copying = false
	x.owed[0].fault = nil // the error was the response
	if k := x.owed[0].kind; k == 'Q' || k == 'F' {
		return
	}
	for i, r := range x.owed {
		if r.kind == 'S' {
			x.owed = append(x.owed[:0], x.owed[i:]...)
			return
		}
	}
	x.owed, x.skipping = x.owed[:0], true
}

// countTrip counts a round trip if the server's message ends one.
func (x *exchange) countTrip(kind byte) {
	switch {
	case !x.ready:
		x.ready = kind == 'Z'
	case x.asked == 'H', x.asked == 'S' && kind == 'Z':
		x.trips++
		x.asked = 0
	}
}
