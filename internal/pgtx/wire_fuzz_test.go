package pgtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"
)

// pieces is a connection that gives its bytes in pieces of the given sizes.
type pieces struct {
	rest  []byte
	sizes []byte
	read  int
}

func (p *pieces) Read(buf []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	size := len(buf)
	if len(p.sizes) > 0 {
		size = 1 + int(p.sizes[p.read%len(p.sizes)])
	}
	p.read++
	n := copy(buf[:min(size, len(buf))], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// visible returns the part of a stream that is pgx's: all of it, except for the messages
// of so many statements.
func visible(stream []byte, hidden int) (want []byte) {
	for hidden > 0 && len(stream) >= headerSize && stream[0] != msgErrorResponse {
		size := 1 + int64(binary.BigEndian.Uint32(stream[1:]))
		if size < headerSize || size > int64(len(stream)) {
			return want
		}
		switch stream[0] {
		case msgCommandComplete:
			hidden--
		case msgNoticeResponse, msgNotificationResponse, msgParameterStatus:
			want = append(want, stream[:size]...)
		}
		stream = stream[size:]
	}
	if hidden > 0 && len(stream) < headerSize {
		return want
	}
	return append(want, stream...)
}

// Whatever arrives, in whatever pieces: no panic, and pgx's part, byte for byte.
func FuzzWireRead(f *testing.F) {
	f.Add([]byte{}, byte(1), []byte{})
	f.Add(encode(f, selected...), byte(0), []byte{0})
	f.Add(encode(f, refused...), byte(3), []byte{0, 6})
	f.Add(encode(f, append(slices.Concat(begun...), selected...)...), byte(3), []byte{2, 200})
	f.Add(encode(f, append(slices.Concat(begun[0], anytime, begun[1], anytime), refused...)...), byte(3), []byte{1})
	f.Add([]byte{msgDataRow, 0, 0, 0, 3, 1}, byte(1), []byte{}) // shorter than its own length
	f.Add([]byte{msgDataRow, 0xff, 0xff, 0xff, 0xff, 1}, byte(1), []byte{})
	f.Add([]byte{msgDataRow, 0, 0, 0, 6, 0xff, 0xff, msgCommandComplete, 0, 0, 0, 4}, byte(1), []byte{})
	f.Fuzz(func(t *testing.T, stream []byte, hidden byte, sizes []byte) {
		w := &wire{}
		w.newFrontend(&pieces{rest: stream, sizes: sizes}, io.Discard)
		w.hidden = int(hidden)
		var got []byte
		for i := 0; ; i++ {
			size := 7
			if len(sizes) > 0 {
				size = 1 + int(sizes[len(sizes)-1-i%len(sizes)])
			}
			buf := make([]byte, size)
			n, err := w.Read(buf)
			got = append(got, buf[:n]...)
			if err != nil {
				break
			}
		}
		if diff := cmp.Diff(string(visible(stream, int(hidden))), string(got)); diff != "" {
			t.Errorf("pgx's part (-want +got):\n%s", diff)
		}
		_, _ = w.hiddenValue() // whatever the row is
	})
}

// Streams of a correct server: a byte of the program says what arrives among the hidden
// messages, and where the error is, if any.
func FuzzWireDelivers(f *testing.F) {
	f.Add([]byte{0}, []byte{})
	f.Add([]byte{1, 2, 3, 0, 0, 1, 2, 3}, []byte{0})
	f.Add([]byte{0, 0, 0, 4}, []byte{3})
	f.Add([]byte{0, 3, 0, 0, 0, 0, 0, 0, 0, 4}, []byte{250, 1})
	f.Fuzz(func(t *testing.T, program, sizes []byte) {
		stream, want, failed := interleave(program)
		got, w := receive(t, &pieces{rest: encode(t, stream...), sizes: sizes}, len(begun))
		if diff := cmp.Diff(string(encode(t, want...)), string(got)); diff != "" {
			t.Errorf("pgx's part (-want +got):\n%s", diff)
		}
		if w.hidden != 0 || len(w.passOn) != 0 {
			t.Errorf("left: %d statements to hide, %d bytes, want none", w.hidden, len(w.passOn))
		}
		if id, err := w.hiddenValue(); !failed && (id != "4294967297" || err != nil) {
			t.Errorf("hiddenValue() = %q, %v, want the id", id, err)
		}
	})
}

// interleave returns a stream of a server, and pgx's part of it.
func interleave(program []byte) (stream, want []pgproto3.BackendMessage, failed bool) {
	next := func() (choice byte) {
		if len(program) > 0 {
			choice, program = program[0]%5, program[1:]
		}
		return choice
	}
	for _, m := range slices.Concat(begun...) {
		choice := next()
		for ; choice >= 1 && choice <= 3; choice = next() {
			stream, want = append(stream, anytime[choice-1]), append(want, anytime[choice-1])
		}
		if choice == 4 {
			return append(stream, refused...), append(want, refused...), true
		}
		stream = append(stream, m)
	}
	return append(stream, selected...), append(want, selected...), false
}

// What is sent is what starts the transaction, and pgx's messages unchanged.
func FuzzWireWrite(f *testing.F) {
	f.Add(false, "select 1", "app.tenant", "a")
	f.Add(true, "select 1", "app.tenant", "it's $1, '' and $2;")
	f.Add(true, "", "", "\\")
	f.Add(true, "select '", "$1", "'; drop table products; --")
	f.Add(false, "select $1", "'", "\x00")
	f.Fuzz(func(t *testing.T, simple bool, sql, name, value string) {
		if strings.Contains(sql+name+value, "\x00") {
			t.Skip("no statement, or no setting")
		}
		message := asSent(t, simple, sql)
		var out bytes.Buffer
		w := &wire{}
		w.newFrontend(strings.NewReader(""), &out)
		w.begin = anyBegin(name, value)
		if n, err := w.Write(message); n != len(message) || err != nil {
			t.Fatalf("Write() = %d, %v, want %d", n, err, len(message))
		}
		sent := parse(t, out.Bytes())
		if simple {
			wantSimple(t, sent, sql, name, value)
		} else {
			wantExtended(t, sent, sql, name, value)
		}
		out.Reset()
		if _, err := w.Write(message); err != nil || !bytes.Equal(out.Bytes(), message) {
			t.Errorf("second Write() sent %q, %v, want it unchanged", out.Bytes(), err)
		}
	})
}

// asSent returns what pgx sends for a statement without arguments.
func asSent(t *testing.T, simple bool, sql string) (message []byte) {
	t.Helper()
	messages := []pgproto3.FrontendMessage{
		&pgproto3.Parse{Query: sql}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{},
	}
	if simple {
		messages = []pgproto3.FrontendMessage{&pgproto3.Query{String: sql}}
	}
	for _, m := range messages {
		var err error
		if message, err = m.Encode(message); err != nil {
			t.Fatal(err)
		}
	}
	return message
}

// parse returns the messages as a server understands them, a line for each.
func parse(t *testing.T, sent []byte) (lines [][]string) {
	t.Helper()
	backend := pgproto3.NewBackend(bytes.NewReader(sent), io.Discard)
	for {
		m, err := backend.Receive()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return lines
		}
		switch m := m.(type) {
		case *pgproto3.Query:
			lines = append(lines, []string{"query", m.String})
		case *pgproto3.Close:
			lines = append(lines, []string{"close"})
		case *pgproto3.Parse:
			lines = append(lines, []string{"parse", m.Query})
		case *pgproto3.Bind:
			line := []string{"bind"}
			for _, p := range m.Parameters {
				line = append(line, string(p))
			}
			lines = append(lines, line)
		case *pgproto3.Execute:
			lines = append(lines, []string{"execute"})
		case *pgproto3.Describe:
			lines = append(lines, []string{"describe"})
		case *pgproto3.Sync:
			lines = append(lines, []string{"sync"})
		default:
			t.Fatalf("sent %T, %v", m, err)
		}
	}
}

func wantExtended(t *testing.T, sent [][]string, sql, name, value string) {
	t.Helper()
	want := [][]string{
		{"parse", "begin"}, {"bind"}, {"execute"},
		{"parse", "select pg_current_xact_id(), set_config($1, $2, true)"}, {"bind", name, value}, {"execute"},
		{"parse", sql}, {"bind"}, {"describe"}, {"execute"}, {"sync"},
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func wantSimple(t *testing.T, sent [][]string, sql, name, value string) {
	t.Helper()
	if len(sent) != 1 || sent[0][0] != "query" {
		t.Fatalf("sent %q, want one query", sent)
	}
	rest := expect(t, sent[0][1], "begin;select pg_current_xact_id(), set_config(")
	got, rest := literal(t, rest)
	if got != name {
		t.Errorf("name = %q, want %q", got, name)
	}
	got, rest = literal(t, expect(t, rest, ", "))
	if got != value {
		t.Errorf("value = %q, want %q", got, value)
	}
	if rest = expect(t, rest, ", true);"); rest != sql {
		t.Errorf("statement = %q, want %q", rest, sql)
	}
}

// expect takes prefix off text.
func expect(t *testing.T, text, prefix string) string {
	t.Helper()
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		t.Fatalf("%q doesn't begin with %q", text, prefix)
	}
	return rest
}

// literal takes a string off text as PostgreSQL reads it.
func literal(t *testing.T, text string) (value, rest string) {
	t.Helper()
	text = expect(t, text, "E'")
	for i := 0; i < len(text); i++ {
		escaped := i+1 < len(text) && text[i] == text[i+1]
		switch c := text[i]; {
		case c != '\'' && c != '\\':
		case escaped:
			i++
		case c == '\'':
			return value, text[i+1:]
		default:
			t.Fatalf("%q has an escape that means something else", text)
		}
		value += text[i : i+1]
	}
	t.Fatalf("%q has no end", text)
	return "", ""
}
