// Package logtest holds a log in memory, for tests to read while it is written.
package logtest

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// Buffer is a [bytes.Buffer] that is safe for concurrent use.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends to the log.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what has been written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// WaitFor waits until the log contains text, for at most a minute.
func (b *Buffer) WaitFor(tb testing.TB, text string) {
	tb.Helper()
	deadline := time.After(time.Minute)
	for !strings.Contains(b.String(), text) {
		select {
		case <-time.After(time.Millisecond):
		case <-deadline:
			tb.Fatalf("log = %q, want %q in it", b, text)
		}
	}
}
