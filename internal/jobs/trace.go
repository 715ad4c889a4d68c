package jobs

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// startTrace begins the span of an insertion, whose part the job will be, if the work of
// ctx is traced. The function that it returns ends the span.
func startTrace(ctx context.Context, kind string) (context.Context, func(error)) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, func(error) {}
	}
	ctx, span := parent.TracerProvider().Tracer("commitment").Start(ctx, "enqueue "+kind, trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(semconv.MessagingSystemKey.String("river"), semconv.MessagingOperationTypeSend))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
			span.RecordError(err)
		}
		span.End()
	}
}

// traceparent returns the span of ctx, as W3C Trace Context has it, or "".
func traceparent(ctx context.Context) string {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return ""
	}
	return "00-" + span.TraceID().String() + "-" + span.SpanID().String() + "-" + span.TraceFlags().String()
}
