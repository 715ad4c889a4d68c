package pgtx

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// begin is what is sent to begin a transaction. It is immutable.
type begin struct{ statements []*beginStatement }

// beginStatement is one statement of a begin, with its arguments in text format.
type beginStatement struct {
	sql  string
	args []string

	// In the extended protocol. The name is empty where statements aren't prepared
	// to stay, and then each run takes a parse.
	name  string
	parse []byte
	run   []byte
}

// begins has the begin of each mode that was used, for most transactions set
// nothing of their own.
var begins sync.Map // of mode to *begin

type mode struct {
	sql.TxOptions
	wantXID bool
	prepare bool
}

// beginOf is what begins a transaction, on a connection whose statements are
// prepared to stay or not. The id comes last.
func beginOf(o TxOptions, prepare bool) (*begin, error) {
	key := mode{o.TxOptions, o.WantXID, prepare}
	if known, ok := begins.Load(key); ok && len(o.Settings) == 0 {
		return known.(*begin), nil //nolint:forcetypeassert // nothing else is stored
	}
	text, err := beginSQL(o.TxOptions)
	if err != nil {
		return nil, err
	}
	b := &begin{statements: []*beginStatement{{sql: text, name: text}}}
	if len(o.Settings) > 0 {
		settings, err := set(o.Settings)
		if err != nil {
			return nil, err
		}
		b.statements = append(b.statements, settings)
	}
	if o.WantXID {
		b.statements = append(b.statements, &beginStatement{sql: "select pg_current_xact_id()", name: "xid"})
	}
	for _, s := range b.statements {
		if err := s.encode(prepare); err != nil {
			return nil, err
		}
	}
	if len(o.Settings) == 0 {
		begins.Store(key, b)
	}
	return b, nil
}

// beginSQL is BEGIN with the mode that o asks for.
func beginSQL(o sql.TxOptions) (string, error) {
	text := "begin"
	if o.Isolation != sql.LevelDefault {
		level := isolation(o.Isolation)
		if level == "" {
			return "", fmt.Errorf("PostgreSQL has no isolation level %v", o.Isolation)
		}
		text += " isolation level " + level
	}
	if o.ReadOnly {
		text += " read only"
	}
	return text, nil
}

// isolation is PostgreSQL's name for a level, empty where it has none.
func isolation(level sql.IsolationLevel) string {
	switch level {
	case sql.LevelReadUncommitted:
		return "read uncommitted"
	case sql.LevelReadCommitted:
		return "read committed"
	case sql.LevelRepeatableRead, sql.LevelSnapshot:
		return "repeatable read"
	case sql.LevelSerializable:
		return "serializable"
	case sql.LevelDefault, sql.LevelWriteCommitted, sql.LevelLinearizable:
	}
	return ""
}

// errNUL is about the one character that no text of PostgreSQL has. In the simple
// query protocol it would end the message.
var errNUL = errors.New("a setting can't hold a NUL")

// set is the statement that sets settings for the transaction.
func set(settings []Setting) (*beginStatement, error) {
	var calls, args []string
	for i, s := range settings {
		if strings.Contains(s.Name+s.Value, "\x00") {
			return nil, errNUL
		}
		calls = append(calls, fmt.Sprintf("set_config($%d, $%d, true)", 2*i+1, 2*i+2))
		args = append(args, s.Name, s.Value)
	}
	return &beginStatement{
		sql: "select " + strings.Join(calls, ", "), args: args,
		name: "settings " + strconv.Itoa(len(settings)),
	}, nil
}

// preparedPrefix begins the names of the statements that wire prepares.
const preparedPrefix = "commitment "

// encode makes the messages of the extended protocol.
func (s *beginStatement) encode(prepare bool) (err error) {
	if prepare {
		s.name = preparedPrefix + s.name
		// It may be there already: after an error nobody knows.
		if s.parse, err = (&pgproto3.Close{ObjectType: 'S', Name: s.name}).Encode(nil); err != nil {
			return err
		}
	} else {
		s.name = ""
	}
	if s.parse, err = (&pgproto3.Parse{Name: s.name, Query: s.sql}).Encode(s.parse); err != nil {
		return err
	}
	parameters := make([][]byte, len(s.args))
	for i, arg := range s.args {
		parameters[i] = []byte(arg)
	}
	if s.run, err = (&pgproto3.Bind{PreparedStatement: s.name, Parameters: parameters}).Encode(nil); err != nil {
		return err
	}
	s.run, err = (&pgproto3.Execute{}).Encode(s.run)
	return err
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

// inFrontOfQuery appends one Query of the statements and that of message to buf. The
// position that an error gives then counts from BEGIN.
func (b *begin) inFrontOfQuery(buf, message []byte) ([]byte, error) {
	size := 1 + int(binary.BigEndian.Uint32(message[1:]))
	var q pgproto3.Query
	if err := q.Decode(message[headerSize:size]); err != nil {
		return nil, err
	}
	var text strings.Builder
	for _, s := range b.statements {
		text.WriteString(s.inline() + ";")
	}
	buf, err := (&pgproto3.Query{String: text.String() + q.String}).Encode(buf)
	return append(buf, message[size:]...), err
}

// escape makes the inside of a literal E'…', which means the same whatever
// standard_conforming_strings says.
var escape = strings.NewReplacer("'", "''", `\`, `\\`)

// inline is the statement with its arguments as literals, for the simple query
// protocol, which has none.
func (s *beginStatement) inline() string {
	var literals []string
	for i, arg := range slices.Backward(s.args) { // $12 before $1
		literals = append(literals, "$"+strconv.Itoa(i+1), "E'"+escape.Replace(arg)+"'")
	}
	return strings.NewReplacer(literals...).Replace(s.sql)
}
