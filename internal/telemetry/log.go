// Package telemetry holds the service's logger and metrics. It knows the names of what
// is logged and counted, and nothing of where it goes: a collector reads the log's
// stream and the metrics' address.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// The formats of the log.
const (
	Text = "text"
	JSON = "json"
)

// FormatFor returns the format that suits f: [Text] for a terminal, else [JSON].
func FormatFor(f *os.File) string {
	if term.IsTerminal(int(f.Fd())) {
		return Text
	}
	return JSON
}

// NewLogger returns a logger that writes to w in the given format, [Text] or [JSON],
// from level on. Each record carries the attributes that attrs, which may be nil, finds
// in the record's context. In JSON, durations are in seconds.
func NewLogger(w io.Writer, format string, level slog.Leveler, attrs func(context.Context) []slog.Attr) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler
	if format == Text {
		h = slog.NewTextHandler(w, options)
	} else {
		options.ReplaceAttr = durationsInSeconds
		h = slog.NewJSONHandler(w, options)
	}
	if attrs != nil {
		h = &contextHandler{h, attrs}
	}
	return slog.New(h)
}

// durationsInSeconds replaces slog's nanoseconds, which show no unit, by seconds, the
// unit of the metrics.
func durationsInSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Seconds())
	}
	return a
}

// contextHandler adds attributes from the context to each record.
type contextHandler struct {
	slog.Handler
	attrs func(context.Context) []slog.Attr
}

// Handle adds the attributes to a copy of the record, as [slog.Handler] requires.
func (h *contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if attrs := h.attrs(ctx); len(attrs) > 0 {
		r = r.Clone()
		r.AddAttrs(attrs...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler with attributes that still adds those of the context.
func (h *contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &contextHandler{h.Handler.WithAttrs(attrs), h.attrs}
}

// WithGroup returns a handler with a group that still adds the attributes of the
// context, inside of the group, as all attributes of a record.
func (h *contextHandler) WithGroup(name string) slog.Handler {
	return &contextHandler{h.Handler.WithGroup(name), h.attrs}
}
