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

// begin is the statements that start a transaction: BEGIN, the check that it begins after
// a position, its settings, and the query for its id or its position, the last one. On a
// standby, the check is a transaction of its own, of the same mode. It is immutable.
type begin struct{ statements []*beginStatement }

// selectXID assigns the transaction its id and returns it.
const selectXID = "pg_current_xact_id()"

// checkIndex is the index of the check in the statements.
const checkIndex = 1

// beginStatement is a statement of begin, with its arguments in text format.
type beginStatement struct {
	sql  string
	args []string

	// The messages of the extended protocol. The name is empty where statements aren't
	// prepared once and kept, and then each execute needs a parse.
	name    string
	parse   []byte
	execute []byte
}

// begins caches what starts a transaction, apart from its settings.
var begins sync.Map // of beginKey to *begin

// setters caches the statements that set so many settings, without their arguments.
var setters sync.Map // of setterKey to *beginStatement

type beginKey struct {
	sql.TxOptions
	assignXID bool
	position  bool
	check     check
	prepare   bool
}

// newBegin returns what starts a transaction. If prepare is set, the connection prepares
// its statements once and keeps them.
func newBegin(o TxOptions, prepare bool) (*begin, error) {
	check := o.check()
	b, err := cachedBegin(beginKey{o.TxOptions, o.AssignXID, o.readsPositionFirst(), check, prepare})
	if err != nil || len(o.Settings) == 0 && check == noCheck {
		return b, err
	}
	statements, next := slices.Clone(b.statements), checkIndex
	if check != noCheck {
		checking := *statements[checkIndex]
		checking.args = o.checkArgs()
		if err := checking.encodeExecute(); err != nil {
			return nil, err
		}
		statements[checkIndex] = &checking
		next++
	}
	if o.Standby {
		next++ // the settings would end with the transaction of the check
	}
	if len(o.Settings) > 0 {
		settings, err := setConfig(o.Settings, o.AssignXID, prepare)
		if err != nil {
			return nil, err
		}
		if o.AssignXID {
			statements = statements[:len(statements)-1] // the settings' statement selects it
		}
		statements = slices.Insert(statements, next, settings)
	}
	return &begin{statements}, nil
}

// cachedBegin returns what starts a transaction without settings.
func cachedBegin(key beginKey) (*begin, error) {
	if cached, ok := begins.Load(key); ok {
		return cached.(*begin), nil //nolint:forcetypeassert // nothing else is stored
	}
	text, err := beginSQL(key.TxOptions)
	if err != nil {
		return nil, err
	}
	b := &begin{statements: []*beginStatement{{sql: text, name: text}}}
	add := func(sql, name string) { b.statements = append(b.statements, &beginStatement{sql: sql, name: name}) }
	switch key.check {
	case noCheck:
	case replayedCheck:
		add(replayedSQL, "replayed")
		add("commit and chain", "chain")
	case completedCheck:
		add(completedSQL, "completed")
	}
	switch {
	case key.assignXID:
		add("select "+selectXID, "xid")
	case key.position && key.check == replayedCheck:
		add(standbyPositionSQL, "standby position")
	case key.position:
		add(primaryPositionSQL, "position")
	}
	for _, s := range b.statements {
		if err := s.encode(key.prepare); err != nil {
			return nil, err
		}
	}
	begins.Store(key, b)
	return b, nil
}

// beginSQL returns BEGIN with the modes of o.
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

// isolation returns PostgreSQL's name for a level, or "" if it has none.
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

// errNUL refuses the one character that no text of PostgreSQL contains. In the simple
// query protocol it would end the message.
var errNUL = errors.New("a setting can't contain a NUL character")

// setConfig returns the statement that sets settings for the transaction, and selects its
// id first if assignXID is set.
func setConfig(settings []Setting, assignXID, prepare bool) (*beginStatement, error) {
	s, err := cachedSetter(setterKey{len(settings), assignXID, prepare})
	if err != nil {
		return nil, err
	}
	s.args = make([]string, 0, 2*len(settings))
	for _, setting := range settings {
		if strings.Contains(setting.Name, "\x00") || strings.Contains(setting.Value, "\x00") {
			return nil, errNUL
		}
		s.args = append(s.args, setting.Name, setting.Value)
	}
	return &s, s.encodeExecute()
}

type setterKey struct {
	settings  int
	assignXID bool
	prepare   bool
}

// cachedSetter returns the statement of setConfig without its arguments.
func cachedSetter(key setterKey) (beginStatement, error) {
	if cached, ok := setters.Load(key); ok {
		return *cached.(*beginStatement), nil //nolint:forcetypeassert // nothing else is stored
	}
	var calls []string
	name := "settings " + strconv.Itoa(key.settings)
	if key.assignXID {
		calls, name = append(calls, selectXID), "xid, "+name
	}
	for i := range key.settings {
		calls = append(calls, fmt.Sprintf("set_config($%d, $%d, true)", 2*i+1, 2*i+2))
	}
	s := beginStatement{sql: "select " + strings.Join(calls, ", "), name: name}
	if err := s.encodeParse(key.prepare); err != nil {
		return s, err
	}
	setters.Store(key, &s)
	return s, nil
}

// preparedPrefix begins the names of the statements that wire prepares.
const preparedPrefix = "commitment "

// encode makes the messages of a statement without arguments.
func (s *beginStatement) encode(prepare bool) error {
	return errors.Join(s.encodeParse(prepare), s.encodeExecute())
}

// encodeParse makes the messages that prepare the statement.
func (s *beginStatement) encodeParse(prepare bool) (err error) {
	if prepare {
		s.name = preparedPrefix + s.name
		// The server may have it already: after an error nobody knows.
		if s.parse, err = (&pgproto3.Close{ObjectType: 'S', Name: s.name}).Encode(nil); err != nil {
			return err
		}
	} else {
		s.name = ""
	}
	s.parse, err = (&pgproto3.Parse{Name: s.name, Query: s.sql}).Encode(s.parse)
	return err
}

// encodeExecute makes the messages that run it with its arguments.
func (s *beginStatement) encodeExecute() (err error) {
	parameters, size := make([][]byte, len(s.args)), 64+len(s.name)
	for i, arg := range s.args {
		parameters[i] = []byte(arg)
		size += 4 + len(arg)
	}
	bind := pgproto3.Bind{PreparedStatement: s.name, Parameters: parameters}
	if s.execute, err = bind.Encode(make([]byte, 0, size)); err != nil {
		return err
	}
	s.execute, err = (&pgproto3.Execute{}).Encode(s.execute)
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

// prependToQuery appends to buf one Query of the statements and the text of message,
// which is a Query too. The position of an error then counts from BEGIN.
func (b *begin) prependToQuery(buf, message []byte) ([]byte, error) {
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
// standard_conforming_strings is.
var escape = strings.NewReplacer("'", "''", `\`, `\\`)

// inline returns the statement with its arguments as literals, for the simple query
// protocol, which has no arguments.
func (s *beginStatement) inline() string {
	var literals []string
	for i, arg := range slices.Backward(s.args) { // $12 before $1
		literals = append(literals, "$"+strconv.Itoa(i+1), "E'"+escape.Replace(arg)+"'")
	}
	return strings.NewReplacer(literals...).Replace(s.sql)
}
