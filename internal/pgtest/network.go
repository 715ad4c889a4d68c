package pgtest

import (
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
)

// handedOut are the addresses that FreeAddress has returned.
var handedOut sync.Map

// FreeAddress returns an address on loopback for another program to listen on. Nobody else
// gets it before the program listens, or while it is stopped: no test of this process gets
// it again, and on Linux the host is the process's own.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	var config net.ListenConfig
	for {
		listener, err := config.Listen(tb.Context(), "tcp", fmt.Sprintf("127.%d.%d.1:0", os.Getpid()>>8&0xff, os.Getpid()&0xff))
		if err != nil {
			listener, err = config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
		}
		if err != nil {
			tb.Fatal(err)
		}
		address := listener.Addr().String()
		_ = listener.Close() // only its address is wanted
		if _, taken := handedOut.LoadOrStore(address, true); !taken {
			return address
		}
	}
}

// DeadPort returns a port of loopback on which nobody listens.
func DeadPort(tb testing.TB) int {
	tb.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// ListenSilently returns the address of a server that takes connections and
// never says a word.
func ListenSilently(tb testing.TB) string {
	tb.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}
