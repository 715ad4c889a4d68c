package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"commitment/ent"
	"commitment/internal/idempotency"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/reqtx"
)

// wire is a server with conn connections, and one connection to it.
type wire struct {
	*net.TCPConn
	server *http.Server
	reader *bufio.Reader
}

// awaitEOF waits until the end of the client's side has been read and withheld.
func awaitEOF(t *testing.T, r *http.Request) {
	t.Helper()
	c := r.Context().Value(connKey{}).(*conn)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); ; {
		c.mu.Lock()
		held := c.changed != nil
		c.mu.Unlock()
		if held {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Error("the end of the client's side wasn't read")
			return
		}
	}
}

func dial(t *testing.T, handler http.HandlerFunc) *wire {
	t.Helper()
	on, err := listen(t.Context(), "ADDR", "127.0.0.1:0")
	check(t, err)
	w := &wire{server: &http.Server{
		Handler: trackFlushes(handler), ConnContext: withConn, ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute, IdleTimeout: time.Minute,
	}}
	go func() { _ = w.server.Serve(listener{on}) }()
	t.Cleanup(func() { _ = w.server.Close() })
	c, err := net.Dial("tcp", on.Addr().String())
	check(t, err)
	w.TCPConn = c.(*net.TCPConn)
	t.Cleanup(func() { _ = c.Close() })
	check(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	w.reader = bufio.NewReader(c)
	return w
}

func (w *wire) send(t *testing.T, lines ...string) {
	t.Helper()
	_, err := io.WriteString(w, strings.Join(lines, "\r\n"))
	check(t, err)
}

// wantResponse reads a response.
func (w *wire) wantResponse(t *testing.T, want string) {
	t.Helper()
	resp, err := http.ReadResponse(w.reader, nil)
	check(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != want {
		t.Errorf("body = %q, %v, want %q", body, err, want)
	}
}

// wantEnd reads the end of the connection.
func (w *wire) wantEnd(t *testing.T) {
	t.Helper()
	if rest, err := io.ReadAll(w.reader); err != nil || len(rest) > 0 {
		t.Errorf("rest = %q, %v, want none", rest, err)
	}
}

// wantCanceled waits until the request is canceled.
func wantCanceled(t *testing.T, r *http.Request) {
	t.Helper()
	select {
	case <-r.Context().Done():
	case <-time.After(10 * time.Second):
		t.Error("the request wasn't canceled")
	}
}

func TestAHalfClosedClientGetsItsResponse(t *testing.T) {
	t.Parallel()
	for name, request := range map[string][]string{
		"a GET":                   {"GET / HTTP/1.1", "Host: x", "", ""},
		"a GET that closes":       {"GET / HTTP/1.1", "Host: x", "Connection: close", "", ""},
		"a GET of HTTP/1.0":       {"GET / HTTP/1.0", "", ""},
		"a keep-alive GET":        {"GET / HTTP/1.0", "Connection: keep-alive", "", ""},
		"a POST":                  {"POST / HTTP/1.1", "Host: x", "Content-Length: 4", "", "body"},
		"a chunked POST":          {"POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "", "4", "body", "0", "", ""},
		"a POST that expects 100": {"POST / HTTP/1.1", "Host: x", "Expect: 100-continue", "Content-Length: 4", "", "body"},
		"an empty body":           {"PUT / HTTP/1.1", "Host: x", "Content-Length: 0", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dial(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				check(t, err)
				awaitEOF(t, r)
				// As huma does, while net/http is reading ahead.
				check(t, http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Hour)))
				awaitEOF(t, r)
				fmt.Fprintf(w, "%s %v", body, r.Context().Err())
			})
			w.send(t, request...)
			check(t, w.CloseWrite())
			if strings.Contains(name, "100") {
				w.wantContinue(t)
			}
			body := map[string]string{"POST": "body"}[request[0][:4]]
			w.wantResponse(t, body+" <nil>")
			w.wantEnd(t)
		})
	}
}

func (w *wire) wantContinue(t *testing.T) {
	t.Helper()
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := w.reader.ReadString('\n'); err != nil || line != want {
			t.Errorf("line = %q, %v, want %q", line, err, want)
		}
	}
}

func TestPipelinedRequestsGetResponses(t *testing.T) {
	t.Parallel()
	fill := strings.Repeat("x", 100<<10) // more than net/http buffers
	w := dial(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		check(t, err)
		awaitEOF(t, r)
		fmt.Fprint(w, r.URL.Path, " ", r.Context().Err(), fill)
	})
	w.send(t, "GET /1 HTTP/1.1", "Host: x", "", "GET /2 HTTP/1.1", "Host: x", "", "POST /3 HTTP/1.1", "Host: x", "Content-Length: 1", "", "x")
	check(t, w.CloseWrite())
	for _, path := range []string{"/1", "/2", "/3"} {
		w.wantResponse(t, path+" <nil>"+fill)
	}
	w.wantEnd(t)
}

func TestAConnectionIsKeptAlive(t *testing.T) {
	t.Parallel()
	w := dial(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Context().Err()) })
	for range 3 {
		w.send(t, "GET / HTTP/1.1", "Host: x", "", "")
		w.wantResponse(t, "<nil>")
	}
	check(t, w.CloseWrite()) // while it is idle
	w.wantEnd(t)
}

func TestAResetCancelsTheRequest(t *testing.T) {
	t.Parallel()
	begun, done := make(chan struct{}), make(chan struct{})
	w := dial(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		wantCanceled(t, r)
		close(done)
	})
	w.send(t, "GET / HTTP/1.1", "Host: x", "", "")
	<-begun
	check(t, w.SetLinger(0))
	check(t, w.Close())
	<-done
}

func TestATruncatedRequestFails(t *testing.T) {
	t.Parallel()
	for name, request := range map[string][]string{
		"in its body":   {"POST / HTTP/1.1", "Host: x", "Content-Length: 5", "", "body"},
		"in a chunk":    {"POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "", "5", "body"},
		"in its header": {"POST / HTTP/1.1", "Hos"},
		"at once":       {""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dial(t, func(w http.ResponseWriter, r *http.Request) {
				_, err := io.ReadAll(r.Body)
				w.Header().Set("Connection", "close")
				fmt.Fprint(w, err)
			})
			w.send(t, request...)
			check(t, w.CloseWrite())
			switch name {
			case "in its body", "in a chunk":
				w.wantResponse(t, "unexpected EOF")
			case "in its header":
				w.wantResponse(t, "400 Bad Request")
			}
			w.wantEnd(t)
		})
	}
}

func TestAStreamIsCanceledWhenItsClientCloses(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"before its first part": true, "after it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed, done := make(chan struct{}), make(chan struct{})
			w := dial(t, func(w http.ResponseWriter, r *http.Request) {
				if first {
					<-closed
					awaitEOF(t, r)
				}
				w.WriteHeader(http.StatusOK)
				check(t, http.NewResponseController(w).Flush())
				check(t, http.NewResponseController(w).SetReadDeadline(time.Time{})) // as a long stream does
				if !first {
					closed <- struct{}{}
				}
				wantCanceled(t, r)
				close(done)
			})
			w.send(t, "GET / HTTP/1.1", "Host: x", "", "")
			if !first {
				<-closed
			}
			check(t, w.CloseWrite())
			if first {
				close(closed)
			}
			<-done
		})
	}
}

func TestTheWithheldEndIsDelivered(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(http.ResponseWriter, *http.Request) error{
		"with a deadline that a handler sets": func(w http.ResponseWriter, _ *http.Request) error {
			return http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Millisecond))
		},
		"with the server": func(_ http.ResponseWriter, r *http.Request) error {
			return r.Context().Value(http.ServerContextKey).(*http.Server).Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done := make(chan struct{})
			w := dial(t, func(w http.ResponseWriter, r *http.Request) {
				awaitEOF(t, r)
				check(t, end(w, r))
				wantCanceled(t, r)
				close(done)
			})
			w.send(t, "GET / HTTP/1.1", "Host: x", "", "")
			check(t, w.CloseWrite())
			<-done
		})
	}
}

func TestTheServiceRespondsToAHalfClosedClient(t *testing.T) {
	t.Parallel()
	s := runService(t, nil, func(s *service) http.Handler {
		fail := func(_ http.ResponseWriter, _ *http.Request, err error) { t.Error(err) }
		tx := reqtx.Middleware(s.db, reqtx.Options{WriteError: fail})
		once := idempotency.Middleware(idempotency.Options{WriteError: fail})
		return trackFlushes(reqtx.Gate(tx(once(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			check(t, err)
			check(t, rowtest.Insert(r.Context(), ent.FromContext(r.Context()), string(body)))
			w.WriteHeader(http.StatusCreated)
		})))))
	})
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	check(t, err)
	defer c.Close()
	body := "half closed"
	_, err = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	check(t, err)
	check(t, c.(*net.TCPConn).CloseWrite())
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	check(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("status = %d, want 201", resp.StatusCode)
	}
	s.stop()
	check(t, <-s.ended)
}
