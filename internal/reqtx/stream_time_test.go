package reqtx_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"commitment/internal/middleware"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// pipes is a listener of connections in memory, whose deadlines are those of a bubble's
// time.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial is the client's way to the listener.
func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p <- server
	return client, nil
}

// bound is every timeout of the server.
const bound = 30 * time.Second

// streamed serves handler, which needs no database, with short timeouts and in a bubble,
// and passes the response to read.
func streamed(t *testing.T, method string, handler http.HandlerFunc, read func(resp *http.Response, shutdown func())) {
	t.Helper()
	closing, shutdown := context.WithCancel(t.Context())
	defer shutdown()
	tx := reqtx.Middleware(txn.New(nil, txn.Options{}), reqtx.Options{Shutdown: closing, WriteError: writeError})
	listener := make(pipes)
	server := &http.Server{
		Handler:     middleware.Timeout(bound)(tx(handler)),
		ReadTimeout: bound, ReadHeaderTimeout: bound, WriteTimeout: bound,
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	client := &http.Transport{DialContext: listener.dial}
	body := io.Reader(http.NoBody)
	if method == http.MethodPost {
		body = strings.NewReader("body")
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://stream/", body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	read(resp, shutdown)
	_ = resp.Body.Close()
	client.CloseIdleConnections()
	close(listener)
	_ = server.Close()
	<-served
}

// begins are the ways in which a response becomes a stream, by name.
var begins = map[string]func(w http.ResponseWriter) error{
	"Stream":       reqtx.Stream,
	"LiftTimeouts": reqtx.LiftTimeouts,
	"a Flush of events": func(w http.ResponseWriter) error {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		return http.NewResponseController(w).Flush()
	},
}

func TestAStreamOutlastsTheTimeouts(t *testing.T) {
	t.Parallel()
	for name, begin := range begins {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					streamed(t, method, func(w http.ResponseWriter, r *http.Request) {
						_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bound)) // as huma does
						_, _ = io.Copy(io.Discard, r.Body)
						if err := begin(w); err != nil {
							t.Errorf("error = %v, want nil", err)
						}
						for range 3 {
							<-time.After(time.Hour)
							if _, err := io.WriteString(w, "event\n"); err != nil || r.Context().Err() != nil {
								t.Errorf("Write() = %v, context %v, want both to last", err, r.Context().Err())
							}
							_ = reqtx.Stream(w)
							_ = http.NewResponseController(w).Flush()
						}
						_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Second)) // as huma's sse does
						<-time.After(time.Hour)
					}, func(resp *http.Response, _ func()) {
						body, err := io.ReadAll(resp.Body)
						if err != nil || string(body) != "event\nevent\nevent\n" {
							t.Errorf("body = %q, %v, want three events", body, err)
						}
					})
				})
			})
		}
	}
}

func TestAStreamEndsWhenTheServiceShutsDown(t *testing.T) {
	t.Parallel()
	for name, begin := range begins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				streamed(t, http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.WriteString(w, "event\n")
					_ = errors.Join(begin(w), reqtx.Stream(w))
					start := time.Now()
					<-r.Context().Done()
					if err := context.Cause(r.Context()); !errors.Is(err, reqtx.ErrShutdown) || time.Since(start) != time.Hour {
						t.Errorf("context ends by %v after %v, want %v at once", err, time.Since(start), reqtx.ErrShutdown)
					}
				}, func(resp *http.Response, shutdown func()) {
					lines := bufio.NewReader(resp.Body)
					if line, err := lines.ReadString('\n'); line != "event\n" {
						t.Errorf("line = %q, %v, want the event", line, err)
					}
					<-time.After(time.Hour)
					shutdown()
					if rest, err := io.ReadAll(lines); len(rest) != 0 || err != nil {
						t.Errorf("then = %q, %v, want a complete response", rest, err)
					}
				})
			})
		})
	}
}

func TestAStreamThatDoesNotLookIsStoppedByItsWrites(t *testing.T) {
	t.Parallel()
	for name, extend := range map[string]bool{"without deadlines": false, "with a deadline for each write": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan time.Time, 1)
				streamed(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
					control := http.NewResponseController(w)
					_ = reqtx.Stream(w)
					for {
						if extend {
							_ = control.SetWriteDeadline(time.Now().Add(time.Minute))
						}
						_, write := io.WriteString(w, "event\n")
						if err := errors.Join(write, control.Flush()); err != nil {
							ended <- time.Now()
							return
						}
						<-time.After(time.Second)
					}
				}, func(resp *http.Response, shutdown func()) {
					_, _ = bufio.NewReader(resp.Body).ReadString('\n') // and no more: the client has gone to lunch
					shutdown()
					start := time.Now()
					if took := (<-ended).Sub(start); took > 10*time.Second {
						t.Errorf("the handler ended %v after the shutdown, want it soon", took)
					}
				})
			})
		})
	}
}

func TestAHEADOfAStreamEnds(t *testing.T) {
	t.Parallel()
	for name, begin := range begins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				streamed(t, http.MethodHead, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					_ = begin(w)
					if err := r.Context().Err(); name == "LiftTimeouts" && err != nil {
						t.Errorf("context = %v before the header is out, want it to last for the work", err)
					}
					_ = reqtx.Stream(w)
					<-r.Context().Done()
				}, func(resp *http.Response, _ func()) {
					if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") == "" {
						t.Errorf("response = %s %v, want the header of the stream", resp.Status, resp.Header)
					}
				})
			})
		})
	}
}

func TestAStreamEndsWithItsClient(t *testing.T) {
	t.Parallel()
	for name, begin := range begins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan error, 1)
				streamed(t, http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.WriteString(w, "event\n")
					_ = errors.Join(begin(w), reqtx.Stream(w))
					<-r.Context().Done()
					ended <- context.Cause(r.Context())
				}, func(resp *http.Response, _ func()) {
					<-time.After(time.Hour)
					_ = resp.Body.Close()
					if err := <-ended; !errors.Is(err, context.Canceled) {
						t.Errorf("context ends by %v, want %v", err, context.Canceled)
					}
				})
			})
		})
	}
}
