package reqtx_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// events sets the header of server-sent events, and flush sends them as a handler that
// doesn't know of package reqtx does.
func events(w http.ResponseWriter) (flush func()) {
	w.Header().Set("Content-Type", "text/event-stream")
	return w.(http.Flusher).Flush
}

func TestAFlushOfEventsCommitsFirst(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		flush := events(w)
		_ = insert(r, "row")
		_, _ = io.WriteString(w, "data: 1\n")
		flush()
		<-end
		_, _ = io.WriteString(w, "data: 2\n")
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	s.wantRow(t, "row", true)
	if inUse := s.pool.Stats().InUse; inUse != 0 {
		t.Errorf("connections in use = %d, want none while the response streams", inUse)
	}
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); line != "data: 1\n" {
		t.Errorf("line = %q, %v, want the first event before the handler ends", line, err)
	}
	close(end)
	if rest, err := io.ReadAll(lines); string(rest) != "data: 2\n" || err != nil {
		t.Errorf("rest = %q, %v, want the second event", rest, err)
	}
}

func TestAFlushOfEventsThatCantCommitEndsTheHandler(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		flush := events(w)
		_ = insert(r, "row")
		_ = insert(r, "row") // fails, and the error is ignored
		flush()
		<-r.Context().Done()
		if err := context.Cause(r.Context()); !errors.Is(err, txn.ErrSwallowed) {
			t.Errorf("context ends by %v, want %v", err, txn.ErrSwallowed)
		}
		if _, err := io.WriteString(w, "data: 1\n"); !errors.Is(err, txn.ErrSwallowed) {
			t.Errorf("Write() = %v, want %v", err, txn.ErrSwallowed)
		}
	})
	resp, body, err := s.do(t, http.MethodPost)
	if err != nil || resp.StatusCode != http.StatusInternalServerError || body != "" || resp.Header.Get("Content-Type") != "" {
		t.Errorf("response = %v %q %v, want 500 and nothing of the events", resp, body, err)
	}
	s.wantRow(t, "row", false)
}

func TestARefusedStreamIsNotRetried(t *testing.T) {
	t.Parallel()
	var attempts atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		attempts.Add(1)
		_ = insert(r, "row")
		_, _ = w.Write(make([]byte, 2<<10)) // beyond the limit
		if err := reqtx.Stream(w); err == nil {
			t.Error("Stream() = nil, want an error")
		}
		if err := insert(r, "other"); err == nil {
			t.Error("a statement after it = nil, want an error")
		}
	})
	resp, _, err := s.do(t, http.MethodPost)
	if err != nil || resp.StatusCode != http.StatusInternalServerError || attempts.Load() != 1 {
		t.Errorf("response = %v, %v after %d attempts, want 500 after one", resp, err, attempts.Load())
	}
	s.wantRow(t, "row", false)
}

func TestEventsOfAnAttemptThatFailedAreNotSent(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		flush := events(w)
		_ = insert(r, "row")
		if txn.Attempt(r.Context()) == 1 {
			_ = raise(r.Context(), "40001")
			_, _ = io.WriteString(w, "data: 1\n")
			flush()
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, "data: 2\n")
		flush()
		if err := r.Context().Err(); err != nil {
			t.Errorf("the context of the second attempt = %v, want none", err)
		}
	})
	resp, body, err := s.do(t, http.MethodPost)
	if err != nil || resp.StatusCode != http.StatusOK || body != "data: 2\n" {
		t.Errorf("response = %v %q %v, want 200 with the events of the second attempt", resp, body, err)
	}
	s.wantRow(t, "row", true)
}

func TestAStreamWithoutAByteIsCommittedWhenTheServiceShutsDown(t *testing.T) {
	t.Parallel()
	var s *service
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = events(w)
		_ = insert(r, "row")
		if err := reqtx.LiftTimeouts(w); err != nil {
			t.Errorf("LiftTimeouts() = %v, want nil", err)
		}
		s.shutdown()
		<-r.Context().Done()
	})
	resp, body, err := s.do(t, http.MethodPost)
	if err != nil || resp.StatusCode != http.StatusOK || body != "" || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("response = %v %q %v, want 200 and no event", resp, body, err)
	}
	s.wantRow(t, "row", true)
}

func TestLiftTimeoutsNeedsTheMiddleware(t *testing.T) {
	t.Parallel()
	if err := reqtx.LiftTimeouts(nil); !errors.Is(err, txn.ErrNoUnit) {
		t.Errorf("LiftTimeouts() = %v, want %v", err, txn.ErrNoUnit)
	}
}
