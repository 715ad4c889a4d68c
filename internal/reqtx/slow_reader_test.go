package reqtx_test

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net/http"
	"testing"
	"time"

	"commitment/ent"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/reqtx"
)

// Clients that don't read their responses keep no connection: as many of them as the
// pool has connections block nobody.
func TestSlowReadersKeepNoConnection(t *testing.T) {
	t.Parallel()
	const size = 20 << 20 // more than the system's buffers take
	response := bytes.Repeat([]byte("x"), size)
	s := serveWith(t, reqtx.Options{MaxResponse: size, WriteError: writeError}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if err := insert(r, "row"); err != nil {
				t.Error(err)
			}
			return
		}
		if _, err := rowtest.Exists(r.Context(), ent.FromContext(r.Context()), "row"); err != nil {
			t.Error(err)
		}
		_, _ = w.Write(response)
	})
	bodies := make([]io.Reader, s.pool.Stats().MaxOpenConnections)
	for i := range bodies {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		bodies[i] = resp.Body
	}
	s.takeAll(t)
	if got, _, err := s.do(t, http.MethodPost); err != nil || got.StatusCode != http.StatusOK {
		t.Errorf("POST = %d, %v, want 200", got.StatusCode, err)
	}
	s.wantRow(t, "row", true)
	for _, body := range bodies {
		if n, err := io.Copy(io.Discard, body); n != size || err != nil {
			t.Errorf("response = %d bytes, %v, want %d", n, err, size)
		}
	}
}

// takeAll takes all connections of the pool at once, and gives them back.
func (s *service) takeAll(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	taken := make([]*sql.Conn, s.pool.Stats().MaxOpenConnections)
	for i := range taken {
		var err error
		if taken[i], err = s.pool.Conn(ctx); err != nil {
			t.Fatalf("connection %d of %d: %v", i+1, len(taken), err)
		}
	}
	for _, conn := range taken {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}
