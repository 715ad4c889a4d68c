package httpapi_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"commitment/internal/httpapi"
	"commitment/internal/pgtest"
)

const add, list, readyz = "POST /v1/things", "GET /v1/things", "GET /readyz"

// TestAClientThatGivesUpIsNoError has clients leave wherever a request can wait.
func TestAClientThatGivesUpIsNoError(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct{ name, lock, header string }{
		{"while a statement waits for a lock", "LOCK idempotency_keys IN SHARE MODE", ""},
		{"while it waits for its own key", "LOCK idempotency_keys", "Idempotency-Key: k\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newThings(t)
			lock, err := s.owner.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = lock.Rollback() }()
			if _, err := lock.ExecContext(t.Context(), tt.lock); err != nil {
				t.Fatal(err)
			}
			leave := s.ask(t, add, `{"name":"x","kind":"new"}`, tt.header)
			pgtest.WaitFor(t, "the request waits for the lock", func() bool { return len(s.lines(t, waiting)) == 1 })
			leave()
			s.wantQuiet(t, add)
		})
	}

	for _, route := range []string{list, readyz} {
		t.Run("while "+route+" waits for a connection", func(t *testing.T) {
			t.Parallel()
			s := startService(t, httpapi.NewThings, 1, time.Minute)
			conn, err := s.pool.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			leave := s.ask(t, route, "", "")
			pgtest.WaitFor(t, "it waits", func() bool { return s.pool.Stats().WaitCount == 1 })
			leave()
			s.wantQuiet(t, route)
		})
	}

	const length, chunked, key = "Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n", "Idempotency-Key: k\r\n"
	for name, header := range map[string]string{
		"its body": length, "the body of its key": length + key, "a chunk": chunked, "a chunk of its key": chunked + key,
	} {
		t.Run("while the service waits for "+name, func(t *testing.T) {
			t.Parallel()
			s := newThings(t)
			part := `{"name":`
			if strings.Contains(header, chunked) {
				part = "a\r\n" + part
			}
			s.ask(t, add, part, header)()
			s.wantQuiet(t, add)
		})
	}
}

// waiting lists the sessions that wait for a lock.
const waiting = `SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

// ask sends a request, or the part of it that is given, on a connection of its own, and
// returns what closes that.
func (s *service) ask(t *testing.T, route, body, header string) (leave func()) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(header, "Content-Length") && !strings.Contains(header, "chunked") {
		header += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	_, err = conn.Write([]byte(route + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + header + "\r\n" + body))
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = conn.Close() }
}

// wantQuiet waits for the end of the request, and wants it logged, and not as an error.
func (s *service) wantQuiet(t *testing.T, route string) {
	t.Helper()
	_, path, _ := strings.Cut(route, " ")
	s.log.WaitFor(t, " route="+path+" ")
	if log := s.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "level=WARN") {
		t.Errorf("log = %s, want neither errors nor warnings", log)
	}
}
