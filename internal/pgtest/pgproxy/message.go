package pgproxy

import (
	"bytes"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A Message is a message of the client or the server.
type Message struct {
	// Conn numbers the proxy's connections from 1.
	Conn int
	// Trip is the number of round trips that the connection had made before: the
	// client's messages with the same Conn and Trip traveled together, and the server's
	// messages with these are the response. [Proxy.Reset] doesn't change it.
	Trip int
	// Frontend says that the client sent it.
	Frontend bool
	// Type is the protocol's type byte, such as 'Q' for Query. It is 0 for
	// StartupMessage and CancelRequest, which have none.
	Type byte
	// Name is the protocol's name, such as "Query".
	Name string
	// SQL is the text of a Query or Parse, or of the prepared statement that a Bind,
	// Describe, Execute or Close belongs to.
	SQL string
	// Detail is the tag of a CommandComplete ("INSERT 0 1"), the SQLSTATE of an
	// ErrorResponse, or the transaction status of a ReadyForQuery: "I" idle, "T" in a
	// transaction, "E" in a failed one.
	Detail string
}

// String returns the message's name with its SQL or detail.
func (m Message) String() string { return strings.TrimRight(m.Name+" "+m.SQL+m.Detail, " ") }

// The kinds of messages that are inspected.
const (
	frontendWhole = "PBDECQ"
	backendWhole  = "CEZ"
)

// frontendNames are the names of the clients' messages.
var frontendNames = map[byte]string{
	'B': "Bind", 'C': "Close", 'd': "CopyData", 'c': "CopyDone", 'f': "CopyFail", 'D': "Describe",
	'E': "Execute", 'H': "Flush", 'F': "FunctionCall", 'P': "Parse", 'p': "PasswordMessage",
	'Q': "Query", 'S': "Sync", 'X': "Terminate",
}

// backendNames are the names of the servers' messages.
var backendNames = map[byte]string{
	'R': "Authentication", 'K': "BackendKeyData", '2': "BindComplete", '3': "CloseComplete",
	'C': "CommandComplete", 'd': "CopyData", 'c': "CopyDone", 'G': "CopyInResponse",
	'H': "CopyOutResponse", 'W': "CopyBothResponse", 'D': "DataRow", 'I': "EmptyQueryResponse",
	'E': "ErrorResponse", 'V': "FunctionCallResponse", 'v': "NegotiateProtocolVersion",
	'n': "NoData", 'N': "NoticeResponse", 'A': "NotificationResponse", 't': "ParameterDescription",
	'S': "ParameterStatus", '1': "ParseComplete", 's': "PortalSuspended", 'Z': "ReadyForQuery",
	'T': "RowDescription",
}

// name returns the name of a message; that of a client's first packet depends on its
// code.
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

// detail returns the [Message.Detail] of a server's message.
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

// cutString splits b after its first string, which ends with a zero byte.
func cutString(b []byte) (s, rest []byte) {
	s, rest, _ = bytes.Cut(b, []byte{0})
	return s, rest
}
