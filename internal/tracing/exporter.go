package tracing

import (
	"context"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// newProcessor returns a processor that exports batches of spans over OTLP. It keeps
// OTEL_BSP_MAX_QUEUE_SIZE spans, 2048 by default, and drops those that don't fit, so that
// neither memory nor requests depend on the collector.
func newProcessor(ctx context.Context, log *slog.Logger) (sdk.SpanProcessor, error) {
	exporter, err := otlptracehttp.New(ctx) // doesn't connect
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_*: %w", err)
	}
	return sdk.NewBatchSpanProcessor(&reporter{SpanExporter: exporter, log: log}), nil
}

// reporter is an exporter that logs when exports begin to fail, and when they succeed
// again, instead of every failure.
type reporter struct {
	sdk.SpanExporter
	log  *slog.Logger
	lost int // spans since exports fail
}

// ExportSpans exports spans. It isn't called concurrently.
func (r *reporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	checked := make([]sdk.ReadOnlySpan, len(spans))
	for i, s := range spans {
		checked[i] = valid{s}
	}
	err := r.SpanExporter.ExportSpans(ctx, checked)
	switch {
	case err != nil && r.lost == 0:
		r.log.Warn("spans can't be exported", "error", err)
		r.lost = len(spans)
	case err != nil:
		r.lost += len(spans)
	case r.lost > 0:
		r.log.Info("spans are exported again", "lost", r.lost)
		r.lost = 0
	}
	return nil // the SDK would log it again
}
