package pgtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"
)

// anyBegin returns a begin with all of its kinds of statements.
func anyBegin(args ...string) *begin {
	o := TxOptions{AssignXID: true}
	for i := 0; i+1 < len(args); i += 2 {
		o.Settings = append(o.Settings, Setting{Name: args[i], Value: args[i+1]})
	}
	b, err := newBegin(o, false)
	if err != nil {
		panic(err) // a setting can't be encoded
	}
	return b
}

// encode returns messages as a server sends them.
func encode(tb testing.TB, messages ...pgproto3.BackendMessage) []byte {
	tb.Helper()
	var buf []byte
	for _, m := range messages {
		var err error
		if buf, err = m.Encode(buf); err != nil {
			tb.Fatal(err)
		}
	}
	return buf
}

// The responses of a server to BEGIN with a setting, in the extended protocol, and one of
// each kind of message that may arrive at any time.
var (
	begun = [][]pgproto3.BackendMessage{
		{&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, &pgproto3.CommandComplete{CommandTag: []byte("BEGIN")}},
		{
			&pgproto3.ParseComplete{}, &pgproto3.BindComplete{},
			&pgproto3.DataRow{Values: [][]byte{[]byte("tenant")}}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")},
		},
		{
			&pgproto3.ParseComplete{}, &pgproto3.BindComplete{},
			&pgproto3.DataRow{Values: [][]byte{[]byte("4294967297")}}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")},
		},
	}
	anytime = []pgproto3.BackendMessage{
		&pgproto3.NoticeResponse{Severity: "WARNING", Message: "mind the gap"},
		&pgproto3.NotificationResponse{PID: 7, Channel: "c", Payload: "p"},
		&pgproto3.ParameterStatus{Name: "application_name", Value: "a"},
	}
	selected = []pgproto3.BackendMessage{
		&pgproto3.ParseComplete{}, &pgproto3.BindComplete{},
		&pgproto3.DataRow{Values: [][]byte{nil, {}, []byte("mine")}},
		&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}, &pgproto3.ReadyForQuery{TxStatus: 'T'},
	}
	refused = []pgproto3.BackendMessage{
		&pgproto3.ErrorResponse{Severity: "ERROR", Code: "22023", Message: "no such setting"},
		&pgproto3.ReadyForQuery{TxStatus: 'E'},
	}
)

// receive returns what pgx gets of a stream.
func receive(tb testing.TB, stream io.Reader, hidden int) (received []byte, w *wire) {
	tb.Helper()
	w = &wire{}
	frontend := w.newFrontend(stream, io.Discard)
	w.hidden = hidden
	for {
		m, err := frontend.Receive()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return received, w
		}
		if err != nil {
			tb.Fatal(err)
		}
		received = append(received, encode(tb, m)...)
	}
}

func TestPgxGetsOnlyItsOwnMessages(t *testing.T) {
	t.Parallel()
	var stream, want []pgproto3.BackendMessage
	for _, statement := range begun {
		for _, m := range statement {
			stream = append(append(stream, m), anytime...)
			want = append(want, anytime...)
		}
	}
	stream, want = append(stream, selected...), append(want, selected...)
	got, w := receive(t, iotest.OneByteReader(bytes.NewReader(encode(t, stream...))), len(begun))
	if diff := cmp.Diff(encode(t, want...), got); diff != "" {
		t.Errorf("pgx's part (-want +got):\n%s", diff)
	}
	if id, err := w.hiddenValue(); id != "4294967297" || err != nil {
		t.Errorf("hiddenValue() = %q, %v, want the id", id, err)
	}
}

func TestAnErrorAmongTheHiddenMessagesIsTheStatements(t *testing.T) {
	t.Parallel()
	for failing := range begun {
		var stream []pgproto3.BackendMessage
		for _, statement := range begun[:failing] {
			stream = append(stream, statement...)
		}
		stream = append(append(stream, anytime...), refused...)
		got, w := receive(t, bytes.NewReader(encode(t, stream...)), len(begun))
		if diff := cmp.Diff(encode(t, slices.Concat(anytime, refused)...), got); diff != "" {
			t.Errorf("statement %d fails: pgx's part (-want +got):\n%s", failing, diff)
		}
		if w.hidden != 0 {
			t.Errorf("statement %d fails: hidden = %d, want 0: the next messages are pgx's", failing, w.hidden)
		}
	}
}

func TestAConnectionThatIsLostAmongTheHiddenMessagesIsAnError(t *testing.T) {
	t.Parallel()
	var whole []byte
	for _, statement := range begun {
		whole = append(whole, encode(t, statement...)...)
	}
	for n := range whole {
		w := &wire{}
		w.newFrontend(bytes.NewReader(whole[:n]), io.Discard)
		w.hidden = len(begun)
		if n, err := w.Read(make([]byte, 1)); err == nil || n != 0 {
			t.Errorf("Read() = %d, %v, want nothing and an error", n, err)
		}
	}
}

// TestALengthAloneTakesNoMemory: memory for a message is allocated as it arrives, and not
// for the length that a broken server announces.
func TestALengthAloneTakesNoMemory(t *testing.T) { //nolint:paralleltest // measures the memory of the process
	const bound = 1 << 20
	for _, kind := range []byte{msgDataRow, msgNoticeResponse, msgCommandComplete, '1'} {
		header := binary.BigEndian.AppendUint32([]byte{kind}, 1<<31)
		w := &wire{}
		w.newFrontend(bytes.NewReader(header), io.Discard)
		w.hidden = 1
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := w.Read(make([]byte, 1))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("message %q of 2 GiB that doesn't arrive: error = nil, want one", kind)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > bound {
			t.Errorf("message %q of 2 GiB that doesn't arrive took %d bytes, want at most %d", kind, took, bound)
		}
	}
}

func TestASettingHasNoNUL(t *testing.T) {
	t.Parallel()
	for _, setting := range []Setting{{"app.tenant", "a\x00b"}, {"app\x00", "a"}} {
		if _, err := newBegin(TxOptions{Settings: []Setting{setting}}, false); !errors.Is(err, errNUL) {
			t.Errorf("newBegin(%q) = %v, want %v", setting, err, errNUL)
		}
	}
}

// respond makes a wire read the server's response to its BEGIN, and no more.
func respond(t *testing.T, w *wire, messages ...pgproto3.BackendMessage) {
	t.Helper()
	stream := encode(t, append(messages, &pgproto3.ReadyForQuery{TxStatus: 'T'})...)
	w.in.Reset(bytes.NewReader(stream))
	if _, err := io.ReadAll(w); err != nil {
		t.Fatal(err)
	}
}

func TestAWirePreparesItsStatementsOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := &wire{prepares: true}
	w.newFrontend(strings.NewReader(""), &out)
	o := TxOptions{AssignXID: true, Settings: []Setting{{"app.tenant", "a"}}}
	anew := [][]string{
		{"close"}, {"parse", "begin"}, {"bind"}, {"execute"},
		{"close"}, {"parse", "select pg_current_xact_id(), set_config($1, $2, true)"}, {"bind", "app.tenant", "a"}, {"execute"}, {"sync"},
	}
	prepared := [][]string{{"bind"}, {"execute"}, {"bind", "app.tenant", "a"}, {"execute"}, {"sync"}}
	for _, step := range []struct {
		name     string
		response []pgproto3.BackendMessage
		want     [][]string
	}{
		{"the first time", slices.Concat(begun[0], begun[2]), anew},
		{"the second time", refused, prepared},
		{"after an error", append(slices.Clone(begun[0]), refused...), anew},
		{"after an error in the middle", slices.Concat(begun[0], begun[2]), anew},
		{"at last", slices.Concat(begun[0], begun[2]), prepared},
	} {
		b, err := newBegin(o, true)
		if err != nil {
			t.Fatal(err)
		}
		w.begin = b
		out.Reset()
		if _, err := w.Write(syncMessage(t)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, parse(t, out.Bytes())); diff != "" {
			t.Errorf("%s: sent (-want +got):\n%s", step.name, diff)
		}
		respond(t, w, step.response...)
	}
}

// syncMessage is the shortest message that pgx sends.
func syncMessage(tb testing.TB) []byte {
	tb.Helper()
	message, err := (&pgproto3.Sync{}).Encode(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return message
}

// short is a writer that fails after so many bytes.
type short struct{ left int }

func (s *short) Write(p []byte) (int, error) {
	n := min(s.left, len(p))
	s.left -= n
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// Pgx retries a write of which nothing was sent.
func TestAShortWriteCountsPgxsBytes(t *testing.T) {
	t.Parallel()
	message := syncMessage(t)
	whole, err := (&wire{}).prepend(anyBegin(), message, false)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		w := &wire{out: &short{left: n}, begin: anyBegin()}
		want := max(0, n-(len(whole)-len(message)))
		if got, err := w.Write(message); got != want || err == nil {
			t.Errorf("Write() cut after %d bytes = %d, %v, want %d and an error", n, got, err, want)
		}
	}
}
