// Package tracing makes OpenTelemetry traces: a span for each request, each attempt at its
// work, the transaction, each statement, and what happens at the transaction's end. It
// alone knows OpenTelemetry. The packages that it follows know an interface each, which
// is nil without traces: [txn.Tracer], [pgx.QueryTracer], and functions of net/http.
//
// The SDK reads its own variables: where to export to, what to sample, and the limits.
// Package config checks them first.
package tracing

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/go-logr/logr"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"commitment/internal/txn"
)

// Options configure the traces.
type Options struct {
	// ServiceName and Version describe the service, where OTEL_SERVICE_NAME and
	// OTEL_RESOURCE_ATTRIBUTES don't.
	ServiceName, Version string
	// TrustParent makes a request that brings a trace context a part of that trace, and
	// of its decision to sample. Without it the request begins a trace of its own, which
	// links to the other one.
	TrustParent bool
	// Log gets a line when spans can't be exported, and when they can again. Required.
	Log *slog.Logger
	// Processor gets the spans. Defaults to batches that are exported over OTLP.
	Processor sdk.SpanProcessor
}

// Tracing makes the spans of one service. A nil one makes none: what its methods return is
// nil, too, and costs nothing.
type Tracing struct {
	provider    *sdk.TracerProvider
	tracer      trace.Tracer
	trustParent bool
}

// The interfaces that it implements for other packages.
var (
	_ txn.Tracer         = (*units)(nil)
	_ pgx.QueryTracer    = (*statements)(nil)
	_ pgx.BatchTracer    = (*statements)(nil)
	_ pgx.CopyFromTracer = (*statements)(nil)
	_ pgx.ConnectTracer  = (*statements)(nil)
)

// New begins to trace. Shutdown ends it.
func New(ctx context.Context, o Options) (*Tracing, error) {
	otel.SetLogger(logr.FromSlogHandler(o.Log.Handler()))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Log.Warn("tracing", "error", err) }))
	described, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName(o.ServiceName), semconv.ServiceVersion(o.Version)),
		resource.WithFromEnv(), // after what it overrides
	)
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	if o.Processor == nil {
		if o.Processor, err = newProcessor(ctx, o.Log); err != nil {
			return nil, err
		}
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(described), sdk.WithSpanProcessor(o.Processor), sdk.WithRawSpanLimits(limits()))
	return &Tracing{provider, provider.Tracer("commitment"), o.TrustParent}, nil
}

// maxValue limits the values of attributes, in bytes. A client decides how long a path is,
// and the spans of many requests may wait for the collector.
const maxValue = 4 << 10

// limits returns the limits of the SDK's variables, and one more.
func limits() sdk.SpanLimits {
	l := sdk.NewSpanLimits()
	if l.AttributeValueLengthLimit == sdk.DefaultAttributeValueLengthLimit {
		l.AttributeValueLengthLimit = maxValue
	}
	return l
}

// Shutdown exports the spans that have ended, until ctx ends. Later ones are lost.
func (t *Tracing) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Units returns the tracer of units of work.
func (t *Tracing) Units() txn.Tracer {
	if t == nil {
		return nil
	}
	return &units{t.tracer}
}

// Statements returns the tracer of connections and their statements.
func (t *Tracing) Statements() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return newStatements(t.tracer)
}

// TraceID returns the id of the trace of ctx, or "".
func TraceID(ctx context.Context) string {
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		return span.TraceID().String()
	}
	return ""
}

// SampledTraceID returns the id of the trace of ctx if its spans are exported, or else "".
func SampledTraceID(ctx context.Context) string {
	if trace.SpanContextFromContext(ctx).IsSampled() {
		return TraceID(ctx)
	}
	return ""
}

// Attrs returns the ids of the trace and of the span of ctx, for the log.
func Attrs(ctx context.Context) []slog.Attr {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return nil
	}
	return []slog.Attr{slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String())}
}

// record records err, if it isn't nil, as an event of the span, whose status becomes an
// error.
func record(span trace.Span, err error) {
	if err == nil {
		return
	}
	span.RecordError(err)
	span.SetStatus(codes.Error, "")
	span.SetAttributes(errorType(err))
}
