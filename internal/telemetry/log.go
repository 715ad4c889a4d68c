// Package telemetry is how the service is observed: its logger and its metrics.
// It knows nothing of what is logged and counted beyond the names, and nothing of
// where they go: a collector reads the log's stream and the metrics' address.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// The formats of a log.
const (
	Text = "text"
	JSON = "json"
)

// Format is the format that suits f: [Text] for a terminal, [JSON] for everything
// else.
func Format(f *os.File) string {
	if term.IsTerminal(int(f.Fd())) {
		return Text
	}
	return JSON
}

// NewLogger returns a logger that writes to w in a format, [Text] or [JSON], from
// level on. Each record carries the attributes that attrs, which may be nil, finds
// in the record's context. In JSON, durations are numbers of seconds.
func NewLogger(w io.Writer, format string, level slog.Leveler, attrs func(context.Context) []slog.Attr) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler
	if format == Text {
		h = slog.NewTextHandler(w, options)
	} else {
		options.ReplaceAttr = inSeconds
		h = slog.NewJSONHandler(w, options)
	}
	if attrs != nil {
		h = &contextual{h, attrs}
	}
	return slog.New(h)
}

// inSeconds spares readers slog's nanoseconds without a unit; it is the unit of
// the metrics, too.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Seconds())
	}
	return a
}

// contextual adds what the context says to each record.
type contextual struct {
	slog.Handler
	attrs func(context.Context) []slog.Attr
}

// Handle adds the attributes to a copy of the record, as the rules of
// [slog.Handler] ask.
func (h *contextual) Handle(ctx context.Context, r slog.Record) error {
	if attrs := h.attrs(ctx); len(attrs) > 0 {
		r = r.Clone()
		r.AddAttrs(attrs...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the wrapping.
func (h *contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &contextual{h.Handler.WithAttrs(attrs), h.attrs}
}

// WithGroup keeps the wrapping; what the context says then stands in the group,
// as all attributes of a record do.
func (h *contextual) WithGroup(name string) slog.Handler {
	return &contextual{h.Handler.WithGroup(name), h.attrs}
}
