package tracing

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// The attributes of jobs that OpenTelemetry has no names for.
const (
	jobKindAttr    = attribute.Key("commitment.job.kind")
	jobAttemptAttr = attribute.Key("commitment.job.attempt")
)

// Job begins the span of one run of a job, as a part of the trace of the work that has
// enqueued it, if traceparent names one.
func (t *Tracing) Job(ctx context.Context, kind, queue string, id int64, attempt int, traceparent string) (context.Context, func(error)) {
	ctx = w3c.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
	ctx, span := t.tracer.Start(ctx, "job "+kind, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		semconv.MessagingSystemKey.String("river"), semconv.MessagingOperationTypeProcess,
		semconv.MessagingDestinationName(queue), semconv.MessagingMessageID(strconv.FormatInt(id, 10)),
		jobKindAttr.String(kind), jobAttemptAttr.Int(attempt),
	))
	return ctx, func(err error) {
		record(span, err)
		span.End()
	}
}
