package postgres_test

import (
	"bytes"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
)

// cut is where a proxy cuts the connection.
type cut int

const (
	cutNothing cut = iota
	cutRequest     // COMMIT doesn't reach the server
	cutAnswer      // the server has committed, and its answer doesn't reach the client
)

// proxy returns the URL of the database behind a proxy.
func proxy(t *testing.T, rawURL string, where cut) string {
	t.Helper()
	at := address(t, rawURL)
	server := net.JoinHostPort(at.Host, strconv.Itoa(int(at.Port)))
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client, server, where)
		}
	}()
	u, err := url.Parse(withParams(t, rawURL, map[string]string{"sslmode": "disable"})) // it looks for COMMIT
	if err != nil {
		t.Fatal(err)
	}
	u.Host = listener.Addr().String()
	return u.String()
}

// relay forwards both ways until one side ends, or a COMMIT passes that is to be cut.
func relay(client net.Conn, address string, where cut) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	var committing atomic.Bool
	go func() {
		defer client.Close()
		forward(client, server, func([]byte) bool { return !committing.Load() || where != cutAnswer })
	}()
	forward(server, client, func(message []byte) bool {
		if bytes.Contains(bytes.ToLower(message), []byte("commit\x00")) {
			committing.Store(true)
		}
		return !committing.Load() || where != cutRequest
	})
}

// forward copies what may pass.
func forward(to, from net.Conn, pass func([]byte) bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !pass(buf[:n]) {
			return
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}
