package pgproxy

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"
)

// encode returns messages as they are on the wire.
func encode(tb testing.TB, messages ...pgproto3.Message) []byte {
	tb.Helper()
	var b []byte
	for _, m := range messages {
		var err error
		if b, err = m.Encode(b); err != nil {
			tb.Fatal(err)
		}
	}
	return b
}

func TestFramesAtAnyCut(t *testing.T) {
	t.Parallel()
	stream := encode(t,
		&pgproto3.Query{String: "SELECT 1"}, &pgproto3.CopyData{Data: []byte("some data")},
		&pgproto3.Sync{}, &pgproto3.Parse{Name: "a", Query: "SELECT 2"})
	for first := range len(stream) + 1 {
		for second := first; second <= len(stream); second++ {
			f := framer{whole: frontendWhole}
			var kinds string
			var got []byte
			for _, part := range [][]byte{stream[:first], stream[first:second], stream[second:]} {
				for next, err := range f.frames(slices.Clone(part)) {
					if err != nil {
						t.Fatal(err)
					}
					if !next.more {
						kinds += string(next.kind)
					}
					got = append(got, next.bytes...)
				}
			}
			if kinds != "QdSP" || !bytes.Equal(got, stream) {
				t.Fatalf("cut at %d and %d: messages %q, %d bytes, want QdSP, %d bytes", first, second, kinds, len(got), len(stream))
			}
		}
	}
}

func TestFramesAreRefused(t *testing.T) {
	t.Parallel()
	f := framer{whole: frontendWhole}
	for next, err := range f.frames([]byte{'Q', 0, 0, 0, 3}) {
		if err == nil {
			t.Errorf("frame = %v, want an error", next)
		}
	}
}

// FuzzFrames holds the framer, and all that looks into messages, against whatever
// comes: nothing panics, and what is handed out is what came.
func FuzzFrames(f *testing.F) {
	f.Add(encode(f, &pgproto3.Query{String: "SELECT 1"}, &pgproto3.Sync{}), uint16(3))
	f.Add(encode(f, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'S', Name: "a"}, &pgproto3.Execute{}), uint16(8))
	f.Add(encode(f, &pgproto3.ErrorResponse{Code: "40001"}, &pgproto3.CommandComplete{CommandTag: []byte("COMMIT")}), uint16(1))
	f.Add(encode(f, &pgproto3.CopyData{Data: []byte("data")}, &pgproto3.Close{ObjectType: 'P'}), uint16(9))
	f.Fuzz(func(t *testing.T, stream []byte, cut uint16) {
		at := min(int(cut), len(stream))
		for _, frontend := range []bool{true, false} {
			handsOut(t, frontend, stream[:at], stream[at:])
		}
	})
}

// handsOut checks that what a framer is fed with it hands out or keeps.
func handsOut(t *testing.T, frontend bool, parts ...[]byte) {
	t.Helper()
	fr, x := framer{whole: backendWhole}, newExchange()
	if frontend {
		fr.whole = frontendWhole
	}
	var fed, got []byte
	for _, part := range parts {
		out, err := feed(&fr, &x, frontend, part)
		if err != nil {
			return // and the session ends
		}
		fed, got = append(fed, part...), append(got, out...)
		if sum := slices.Concat(got, fr.partial); !bytes.Equal(sum, fed) {
			t.Fatalf("bytes handed out and kept = %q, want %q", sum, fed)
		}
	}
}

// feed lets a framer and an exchange take in, and returns what was handed out.
func feed(fr *framer, x *exchange, frontend bool, in []byte) ([]byte, error) {
	var got []byte
	for next, err := range fr.frames(slices.Clone(in)) {
		if err != nil {
			return got, err
		}
		got = append(got, next.bytes...)
		switch {
		case next.more:
		case frontend:
			_ = x.text(next)
			x.client(next, nil)
		default:
			_ = detail(next)
			x.server(next.kind)
		}
	}
	return got, nil
}

func TestExchangeKnowsWhatIsAnswered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		client, server string
		want           string // the kinds of the requests whose answers end, in order
	}{
		{"a simple query", "Q", "TDDCZ", "Q"},
		{"two statements in a simple query", "Q", "TDCTDCZ", "Q"},
		{"a failed simple query", "Q", "EZ", "QQ"},
		{"prepare and run", "PDSBES", "1tTZ2DCZ", "PDSBES"},
		{"an error skips to the Sync", "PBESQ", "1EZCZ", "PBSQ"},
		{"an error without a Sync, which comes later", "PBE", "E", "P"},
		{"an asynchronous message answers nothing", "Q", "NASCZ", "Q"},
		{"a portal that is suspended", "EES", "DsDCZ", "EES"},
		{"COPY by Execute, whose Sync is ignored", "PBES", "12G", "PB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := newExchange()
			for _, kind := range []byte(tt.client) {
				x.client(message(kind), nil)
			}
			var got string
			for _, kind := range []byte(tt.server) {
				if answered, ends := x.server(kind); ends {
					got += string(answered.kind)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExchangeIgnoresSyncDuringCopy(t *testing.T) {
	t.Parallel()
	x := newExchange()
	say := func(kinds string) {
		for _, kind := range []byte(kinds) {
			x.client(message(kind), nil)
		}
	}
	say("PBES")
	for _, kind := range []byte("12G") {
		x.server(kind)
	}
	say("dSHcS")
	var got string
	for _, kind := range []byte("CZ") {
		answered, ends := x.server(kind)
		if !ends {
			t.Errorf("answer %q ends = false, want true", kind)
		}
		got += string(answered.kind)
	}
	if got != "ES" || len(x.owed) != 0 {
		t.Errorf("answered = %q, owed = %v, want ES and nothing", got, x.owed)
	}
}

// message is one of the kind, without names.
func message(kind byte) frame { return frame{kind: kind, bytes: []byte{kind, 0, 0, 0, 5, 0}} }
