package reqtx_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"commitment/ent"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

func TestStreamCommitsFirstAndFlowsAfter(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	var s *service
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "held\n")
		if err := errors.Join(reqtx.Stream(w), reqtx.Stream(w)); err != nil {
			t.Errorf("Stream() = %v, want nil", err)
		}
		if _, err := rowtest.Count(context.WithoutCancel(r.Context()), ent.FromContext(r.Context())); !errors.Is(err, txn.ErrEnded) {
			t.Errorf("the request's client after Stream = %v, want %v", err, txn.ErrEnded)
		}
		if n, err := rowtest.Count(r.Context(), s.db.Client()); n != 1 || err != nil {
			t.Errorf("the root client after Stream = %d, %v, want 1", n, err)
		}
		for range 3 {
			<-next
			_, _ = io.WriteString(w, "event\n")
			_ = http.NewResponseController(w).Flush()
		}
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
	s.wantRow(t, "row", true) // the response has begun: its work is committed
	lines := bufio.NewScanner(resp.Body)
	for i, want := range []string{"held", "event", "event", "event"} {
		if i > 0 {
			next <- struct{}{} // each is sent only after the one before was read
		}
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("line = %q, %v, want %q", lines.Text(), lines.Err(), want)
		}
	}
}

func TestStreamThatCantCommitSendsNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		_ = insert(r, "row") // fails, and the error is ignored
		_, _ = io.WriteString(w, "held\n")
		if err := reqtx.Stream(w); !errors.Is(err, txn.ErrSwallowed) {
			t.Errorf("Stream() = %v, want %v", err, txn.ErrSwallowed)
		}
	})
	resp, body, err := s.do(t, http.MethodPost)
	if err != nil || resp.StatusCode != http.StatusInternalServerError || body != "" {
		t.Errorf("response = %v %q %v, want 500 and nothing of what was held", resp, body, err)
	}
}

func TestAPanicInAStreamCutsIt(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		_ = reqtx.Stream(w)
		_, _ = io.WriteString(w, "half")
		panic("boom")
	})
	if _, _, err := s.do(t, http.MethodPost); err == nil {
		t.Error("the response looks complete, want it cut")
	}
	s.wantRow(t, "row", true)
}

func TestAPanicInASavepointAfterAStreamDropsNoAfterCommitFunction(t *testing.T) {
	t.Parallel()
	ran := make(chan struct{}, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = txn.Savepoint(r.Context(), func(ctx context.Context) error {
			err := txn.AfterCommit(ctx, func(context.Context) error { ran <- struct{}{}; return nil })
			if err := errors.Join(err, reqtx.Stream(w)); err != nil {
				t.Error(err)
			}
			panic(http.ErrAbortHandler)
		})
	})
	for range 20 {
		if _, _, err := s.do(t, http.MethodPost); err == nil {
			t.Error("the response looks complete, want it cut")
		}
		<-ran
	}
}

func TestATrailerMayBeSetInTheHeaderOfBefore(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Trailer", "X-Sum")
		if r.Method == http.MethodPost {
			_ = reqtx.Stream(w)
		}
		_, _ = rowtest.Count(r.Context(), ent.FromContext(r.Context()))
		_, _ = io.WriteString(w, strings.Repeat("x", 1000)) // beyond the memory, within the limit
		header.Set("X-Sum", "5")
	})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req, err := http.NewRequestWithContext(t.Context(), method, s.url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if sum := resp.Trailer.Get("X-Sum"); err != nil || sum != "5" {
			t.Errorf("%s: trailer = %q, %v, want 5", method, sum, err)
		}
		_ = resp.Body.Close()
	}
}

func TestALargeResponseOfAFailedReadIsAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1000)) // beyond the memory, within the limit
		_ = raise(r.Context(), "22012")
	})
	if resp, body, err := s.do(t, http.MethodGet); err != nil || resp.StatusCode != http.StatusInternalServerError || strings.Contains(body, "x") {
		t.Errorf("response = %d with %d bytes, %v, want 500 and nothing of what was held", resp.StatusCode, len(body), err)
	}
}

func TestALargeResponseIsHeldInAFile(t *testing.T) {
	t.Parallel()
	want := strings.Repeat("0123456789", 100) // beyond the memory, within the limit
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, "row")
		for part := range strings.SplitSeq(want, "5") {
			_, _ = io.WriteString(w, part+"5")
		}
	})
	resp, body, err := s.do(t, http.MethodPost)
	if err != nil || body != want+"5" || resp.ContentLength != int64(len(want)+1) {
		t.Errorf("body = %d bytes of %d, %v, want %d", len(body), resp.ContentLength, err, len(want)+1)
	}
	s.wantRow(t, "row", true)
}

func TestStreamNeedsTheMiddleware(t *testing.T) {
	t.Parallel()
	if err := reqtx.Stream(nil); !errors.Is(err, txn.ErrNoUnit) {
		t.Errorf("Stream() = %v, want %v", err, txn.ErrNoUnit)
	}
}
