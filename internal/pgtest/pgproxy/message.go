package pgproxy

import (
	"bytes"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A Message is what one side said to the other.
type Message struct {
	// Conn numbers the connections of the proxy, from 1.
	Conn int
	// Trip is how many round trips the connection had made before: what a client
	// said with one Conn and Trip traveled together, in one flight, and what the
	// server said with them is its answer. [Proxy.Reset] doesn't change it.
	Trip int
	// Frontend says that the client said it.
	Frontend bool
	// Type is the protocol's: 'Q' for Query. It is 0 for StartupMessage and
	// CancelRequest, which have none.
	Type byte
	// Name is the protocol's: "Query".
	Name string
	// SQL is the text of a Query or Parse, and of the statement that a Bind,
	// Describe, Execute or Close is for, when it was prepared by a Parse.
	SQL string
	// Detail is the tag of a CommandComplete ("INSERT 0 1"), the SQLSTATE of an
	// ErrorResponse, and the transaction's status in a ReadyForQuery: "I" idle,
	// "T" in a transaction, "E" in one that failed.
	Detail string
}

// String is the message's name with its SQL or detail.
func (m Message) String() string { return strings.TrimRight(m.Name+" "+m.SQL+m.Detail, " ") }

// The kinds of messages that are looked into.
const (
	frontendWhole = "PBDECQ"
	backendWhole  = "CEZ"
)

// frontendNames are the names of what clients say.
var frontendNames = map[byte]string{
	'B': "Bind", 'C': "Close", 'd': "CopyData", 'c': "CopyDone", 'f': "CopyFail", 'D': "Describe",
	'E': "Execute", 'H': "Flush", 'F': "FunctionCall", 'P': "Parse", 'p': "PasswordMessage",
	'Q': "Query", 'S': "Sync", 'X': "Terminate",
}

// backendNames are the names of what servers say.
var backendNames = map[byte]string{
	'R': "Authentication", 'K': "BackendKeyData", '2': "BindComplete", '3': "CloseComplete",
	'C': "CommandComplete", 'd': "CopyData", 'c': "CopyDone", 'G': "CopyInResponse",
	'H': "CopyOutResponse", 'W': "CopyBothResponse", 'D': "DataRow", 'I': "EmptyQueryResponse",
	'E': "ErrorResponse", 'V': "FunctionCallResponse", 'v': "NegotiateProtocolVersion",
	'n': "NoData", 'N': "NoticeResponse", 'A': "NotificationResponse", 't': "ParameterDescription",
	'S': "ParameterStatus", '1': "ParseComplete", 's': "PortalSuspended", 'Z': "ReadyForQuery",
	'T': "RowDescription",
}

// name returns the name of a message. The first packet of a client is named by
// its code.
func name(frontend bool, f frame) string {
	switch {
	case f.kind == startupKind && startupCode(f.bytes) == cancelCode:
		return "CancelRequest"
	case f.kind == startupKind:
		return "StartupMessage"
	case frontend:
		return frontendNames[f.kind]
	}
	return backendNames[f.kind]
}

// detail returns what [Message.Detail] has of a server's message.
func detail(f frame) string {
	switch f.kind {
	case 'C':
		tag, _ := cutString(f.body())
		return string(tag)
	case 'Z':
		return string(f.body())
	case 'E':
		var answer pgproto3.ErrorResponse
		if err := answer.Decode(f.body()); err == nil {
			return answer.Code
		}
	}
	return ""
}

// cutString returns the string, ended by a zero byte, with which b begins, and
// the rest.
func cutString(b []byte) (s, rest []byte) {
	s, rest, _ = bytes.Cut(b, []byte{0})
	return s, rest
}
