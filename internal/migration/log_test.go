package migration_test

import (
	"context"
	"log/slog"
	"strings"
)

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
