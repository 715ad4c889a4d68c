package pgtx

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"
)

// The responses of a server to a parked COMMIT.
var (
	commitDone   = &pgproto3.CommandComplete{CommandTag: []byte("COMMIT")}
	commitFailed = &pgproto3.ErrorResponse{Severity: "ERROR", Code: "57014", Message: "canceling statement due to statement timeout"}
	ended        = &pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P01", Message: "terminating connection due to administrator command"}
)

// TestAParkedCommitInFrontOfBegin: its response is hidden, and so is its error, which isn't
// the statement's.
func TestAParkedCommitInFrontOfBegin(t *testing.T) {
	t.Parallel()
	query, err := (&pgproto3.Query{String: "SELECT 1"}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	executed := []pgproto3.BackendMessage{&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, commitDone}
	for _, tt := range []struct {
		name     string
		message  []byte
		response []pgproto3.BackendMessage
		stale    bool // or else the statement's
		lost     bool
	}{
		{"extended", syncMessage(t), executed, false, false},
		{"extended, failed", syncMessage(t), []pgproto3.BackendMessage{commitFailed}, true, true},
		{"extended, ended", syncMessage(t), []pgproto3.BackendMessage{anytime[0], ended}, true, true},
		{"simple", query, []pgproto3.BackendMessage{commitDone, &pgproto3.ReadyForQuery{TxStatus: 'I'}}, false, false},
		{"simple, failed", query, []pgproto3.BackendMessage{commitFailed, &pgproto3.ReadyForQuery{TxStatus: 'E'}}, true, true},
		{"simple, not ended", query, []pgproto3.BackendMessage{commitDone, &pgproto3.ReadyForQuery{TxStatus: 'T'}}, false, true},
	} {
		for _, behind := range [][]pgproto3.BackendMessage{slices.Concat(slices.Concat(begun...), selected), refused} {
			w := &wire{begin: &begin{slices.Repeat(anyBegin().statements[:1], len(begun))}, failedAt: noneFailed}
			w.newFrontend(bytes.NewReader(encode(t, append(slices.Concat(tt.response, anytime), behind...)...)), io.Discard)
			w.park()
			w.parking.timer.Stop()
			if _, err := w.Write(tt.message); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(w)
			if all := errors.Is(err, io.ErrUnexpectedEOF); !IsConnectionError(err) || all == tt.lost || errors.Is(err, ErrStale) != tt.stale {
				t.Errorf("%s: error = %v, want a connection error, stale = %v, of the end = %v", tt.name, err, tt.stale, !tt.lost)
			}
			if tt.lost {
				continue
			}
			want := slices.Concat(anytime, selected)
			if len(behind) == len(refused) {
				want = slices.Concat(anytime, refused)
			}
			if diff := cmp.Diff(encode(t, want...), got); diff != "" {
				t.Errorf("%s: pgx's part (-want +got):\n%s", tt.name, diff)
			}
			if len(behind) == len(refused) && w.failedAt != 0 {
				t.Errorf("%s: failedAt = %d, want 0: COMMIT doesn't count", tt.name, w.failedAt)
			}
		}
	}
}

// TestNobodyReadsInAParkedTransaction: who waits for a notification has it committed first.
func TestNobodyReadsInAParkedTransaction(t *testing.T) {
	t.Parallel()
	var sent bytes.Buffer
	w := &wire{}
	stream := []pgproto3.BackendMessage{commitDone, &pgproto3.ReadyForQuery{TxStatus: 'I'}, anytime[1]}
	w.newFrontend(bytes.NewReader(encode(t, stream...)), &sent)
	w.park()
	w.parking.timer.Stop()
	got, err := io.ReadAll(w)
	if !errors.Is(err, io.ErrUnexpectedEOF) || sent.String() != string(commitQuery) {
		t.Errorf("sent %q, error = %v, want COMMIT and the stream's end", sent.String(), err)
	}
	if diff := cmp.Diff(encode(t, anytime[1]), got); diff != "" {
		t.Errorf("pgx's part (-want +got):\n%s", diff)
	}
}

// closer is a connection that can only be closed.
type closer struct{ net.Conn }

func (closer) Close() error { return nil }

// TestAParkedCommitByItself: whatever isn't its end closes the connection.
func TestAParkedCommitByItself(t *testing.T) {
	t.Parallel()
	ready := &pgproto3.ReadyForQuery{TxStatus: 'I'}
	for _, tt := range []struct {
		name     string
		response []pgproto3.BackendMessage
		kept     bool
		passed   []pgproto3.BackendMessage
	}{
		{"done", []pgproto3.BackendMessage{commitDone, ready}, true, nil},
		{"with a notice and a notification", []pgproto3.BackendMessage{anytime[0], commitDone, anytime[1], ready}, true, anytime[:2]},
		{"with a parameter", []pgproto3.BackendMessage{commitDone, anytime[2], ready}, false, nil},
		{"not ended", []pgproto3.BackendMessage{commitDone, &pgproto3.ReadyForQuery{TxStatus: 'T'}}, false, nil},
		{"failed", []pgproto3.BackendMessage{commitFailed, ready}, false, nil},
		{"ended", []pgproto3.BackendMessage{ended}, false, nil},
		{"lost", []pgproto3.BackendMessage{commitDone}, false, nil},
		{"another response", selected, false, nil},
	} {
		var sent bytes.Buffer
		w := &wire{}
		w.newFrontend(bytes.NewReader(encode(t, tt.response...)), &sent)
		w.parking.conn = closer{}
		w.park()
		w.parking.timer.Stop()
		w.commitIdle()
		if got := w.parking.usable(); got != tt.kept {
			t.Errorf("%s: kept = %v, want %v", tt.name, got, tt.kept)
		}
		if sent.String() != string(commitQuery) || w.parking.take() {
			t.Errorf("%s: sent %q, want COMMIT once", tt.name, sent.String())
		}
		if diff := cmp.Diff(string(encode(t, tt.passed...)), string(w.passOn)); tt.kept && diff != "" {
			t.Errorf("%s: pgx's part (-want +got):\n%s", tt.name, diff)
		}
	}
}
