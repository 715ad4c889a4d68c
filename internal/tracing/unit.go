package tracing

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"commitment/internal/pgtx"
)

// The attributes of units of work. OpenTelemetry has no names for them.
const (
	attemptAttr   = attribute.Key("commitment.attempt")
	isolationAttr = attribute.Key("commitment.transaction.isolation")
	readOnlyAttr  = attribute.Key("commitment.transaction.read_only")
	settingsAttr  = attribute.Key("commitment.transaction.settings") // their names
	outcomeAttr   = attribute.Key("commitment.transaction.outcome")
)

// applicationName is the setting that pg_stat_activity shows.
const applicationName = "application_name"

// units is a [txn.Tracer].
type units struct{ tracer trace.Tracer }

// attempt is the attempt that a context belongs to.
type attempt struct {
	span        trace.Span
	transaction atomic.Pointer[trace.Span] // nil before and after
}

type attemptKey struct{}

// Attempt begins the span of an attempt. Work without a request, such as that of a timer,
// begins a trace.
func (u *units) Attempt(ctx context.Context, number int) (context.Context, func(error)) {
	if parent := trace.SpanContextFromContext(ctx); parent.IsValid() && !parent.IsSampled() {
		return ctx, ignore
	}
	ctx, span := u.tracer.Start(ctx, "attempt "+strconv.Itoa(number), trace.WithAttributes(attemptAttr.Int(number)))
	if !span.IsRecording() {
		return ctx, ignore
	}
	return context.WithValue(ctx, attemptKey{}, &attempt{span: span}), func(err error) {
		record(span, err)
		span.End()
	}
}

func ignore(error) {}

// Transaction begins the span of a transaction, and has pg_stat_activity show it until
// the transaction ends.
func (u *units) Transaction(ctx context.Context, o *pgtx.TxOptions) func(pgtx.Outcome, error) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return func(pgtx.Outcome, error) {}
	}
	_, span := u.tracer.Start(trace.ContextWithSpan(ctx, a.span), "transaction")
	isName := func(s pgtx.Setting) bool { return s.Name == applicationName }
	if sc := span.SpanContext(); sc.IsSampled() && !slices.ContainsFunc(o.Settings, isName) {
		o.Settings = append(o.Settings, pgtx.Setting{Name: applicationName, Value: traceparent(sc)})
	}
	names := make([]string, len(o.Settings))
	for i, s := range o.Settings {
		names[i] = s.Name
	}
	span.SetAttributes(isolationAttr.String(strings.ToLower(o.Isolation.String())), readOnlyAttr.Bool(o.ReadOnly), settingsAttr.StringSlice(names))
	a.transaction.Store(&span)
	return func(outcome pgtx.Outcome, err error) {
		a.transaction.Store(nil)
		end(span, outcome, err, outcome == pgtx.Committed)
	}
}

// traceparent returns the header of W3C Trace Context for a sampled span: 55 bytes, of
// which PostgreSQL keeps 63.
func traceparent(sc trace.SpanContext) string {
	return "00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-" + sc.TraceFlags().String()
}

// OutcomeSearch begins the span of a search for an outcome, in that of its transaction.
func (u *units) OutcomeSearch(ctx context.Context) (context.Context, func(pgtx.Outcome, error)) {
	ctx, sampled := parent(ctx)
	if !sampled {
		return ctx, func(pgtx.Outcome, error) {}
	}
	ctx, span := u.tracer.Start(ctx, "search for the outcome")
	return ctx, func(outcome pgtx.Outcome, err error) { end(span, outcome, err, outcome != pgtx.Unknown) }
}

// end ends the span of what had an outcome. If it succeeded, its error, such as a COMMIT
// whose response was lost, is no more than an event.
func end(span trace.Span, outcome pgtx.Outcome, err error, succeeded bool) {
	span.SetAttributes(outcomeAttr.String(outcome.String()))
	if succeeded && err != nil {
		span.RecordError(err)
	} else {
		record(span, err)
	}
	span.End()
}

// AfterCommit begins the span of an after-commit function.
func (u *units) AfterCommit(ctx context.Context) (context.Context, func(error)) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx, ignore
	}
	ctx, span := u.tracer.Start(ctx, "after commit")
	return ctx, func(err error) {
		record(span, err)
		span.End()
	}
}

// parent returns ctx for a child of its span, and whether that is sampled. For what runs
// in a transaction that is the transaction's span, unless the work has begun one of its
// own in between.
func parent(ctx context.Context) (context.Context, bool) {
	span := trace.SpanFromContext(ctx)
	if !span.SpanContext().IsSampled() {
		return ctx, false
	}
	if a, ok := ctx.Value(attemptKey{}).(*attempt); ok && a.span == span {
		if transaction := a.transaction.Load(); transaction != nil {
			return trace.ContextWithSpan(ctx, *transaction), true
		}
	}
	return ctx, true
}
