package migration_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// eventually waits until the log has the text.
func (b *syncBuffer) eventually(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for !strings.Contains(b.String(), text) {
		select {
		case <-ctx.Done():
			t.Fatalf("log = %s, want %q in it", b.String(), text)
		case <-time.After(time.Millisecond):
		}
	}
}

// onMessage is a log that calls a function at a message.
type onMessage struct {
	slog.Handler
	text string
	call func()
}

// Enabled lets every message come.
func (h onMessage) Enabled(context.Context, slog.Level) bool { return true }

// Handle calls the function before it logs.
func (h onMessage) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, h.text) {
		h.call()
	}
	return h.Handler.Handle(ctx, r)
}
