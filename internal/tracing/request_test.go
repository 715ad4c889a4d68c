package tracing_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"commitment/ent"
	"commitment/internal/logtest"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/telemetry"
	"commitment/internal/tracing"
)

// The trace of a caller, and its spans.
const (
	callerTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callerSpan  = "00f067aa0ba902b7"
)

// parent returns the least header of a caller whose trace is sampled, or isn't.
func parent(flags string) http.Header {
	return http.Header{"Traceparent": {"00-" + callerTrace + "-" + callerSpan + "-" + flags}}
}

// from returns a whole one.
func from(flags string) http.Header {
	h := parent(flags)
	h.Set("Tracestate", "vendor=value")
	h.Set("Baggage", "plan=gold")
	h.Set("User-Agent", "test")
	return h
}

func TestARequestIsAPartOfItsCallersTrace(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	f.serve(t, http.MethodPost, from("01"), func(ctx context.Context) error {
		if got := tracing.SampledTraceID(ctx); got != callerTrace {
			t.Errorf("trace id = %s, want the caller's", got)
		}
		if got := baggage.FromContext(ctx).Member("plan").Value(); got != "gold" {
			t.Errorf("baggage = %q, want gold", got)
		}
		return nil
	})
	s := f.named(t, "POST /rows/{id}")[0]
	if got := s.Parent().SpanID().String(); got != callerSpan || s.SpanContext().TraceState().String() != "vendor=value" {
		t.Errorf("parent = %s, tracestate = %v, want the caller's", got, s.SpanContext().TraceState())
	}
	for key, want := range map[string]string{
		"http.request.method": "POST", "http.route": "/rows/{id}", "url.path": "/rows/1", "url.scheme": "http", "server.address": "example.com",
		"http.response.status_code": "200", "client.address": "192.0.2.1", "user_agent.original": "test", "network.protocol.version": "1.1",
	} {
		if got := value(s, key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
}

// A caller that doesn't sample has no spans here either, and pg_stat_activity shows
// nothing of it. The log and problems name its trace all the same.
func TestARequestThatIsNotSampled(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	f.serve(t, http.MethodPost, from("00"), func(ctx context.Context) error {
		if got, err := query(ctx, "SELECT current_setting('application_name')"); err != nil || got != "operator's" {
			t.Errorf("application_name = %q, %v, want the operator's", got, err)
		}
		if all, sampled := tracing.TraceID(ctx), tracing.SampledTraceID(ctx); all != callerTrace || sampled != "" {
			t.Errorf("trace id = %s, sampled %q, want the caller's, not sampled", all, sampled)
		}
		return nil
	})
	if got := f.tree(); got != "" {
		t.Errorf("spans:\n%swant none", got)
	}
}

func TestACallerThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	traces, err := tracing.New(t.Context(), tracing.Options{ServiceName: "test", Log: discard, Processor: recorder})
	check(t, err)
	t.Cleanup(func() { check(t, traces.Shutdown(context.Background())) })
	h := traces.Requests(func(*http.Request) string { return "/" })(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := baggage.FromContext(r.Context()).Len(); got != 0 {
			t.Errorf("baggage = %d members, want 0", got)
		}
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.Header = from("00") // whose decision doesn't count
	h.ServeHTTP(httptest.NewRecorder(), r)
	spans := recorder.Ended()
	if len(spans) != 1 || spans[0].Parent().IsValid() || len(spans[0].Links()) != 1 {
		t.Fatalf("spans = %v, want one without a parent, with a link", spans)
	}
	if got := spans[0].Links()[0].SpanContext.TraceID().String(); got != callerTrace {
		t.Errorf("link = %s, want the caller's trace", got)
	}
}

func TestAFailureIsRecordedWithItsCause(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	f.serve(t, http.MethodPost, nil, func(context.Context) error { return errors.New("the disk is full") })
	s := f.named(t, "POST /rows/{id}")[0]
	if s.Status().Code != codes.Error || value(s, "error.type") != "500" {
		t.Errorf("status = %v, error.type = %q, want an error, 500", s.Status(), value(s, "error.type"))
	}
	if events := s.Events(); len(events) != 1 || events[0].Name != "exception" || events[0].Attributes[1].Value.String() != "the disk is full" {
		t.Errorf("events = %v, want an exception with the cause", events)
	}
}

func TestAnAbortedResponse(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	warmUp(t, f)
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // net/http compares it by identity, too
				t.Errorf("panic = %v, want ErrAbortHandler", v)
			}
		}()
		f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
			check(t, rowtest.Insert(ctx, ent.FromContext(ctx), "a"))
			panic(http.ErrAbortHandler)
		})
	}()
	f.wantTree(t, `
		POST /rows/{id} (aborted)
			attempt 1
				transaction: rolled_back
					INSERT idempotency_keys
					ROLLBACK
	`)
}

func TestProbesHaveNoSpans(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	h := f.Requests(func(*http.Request) string { return "" })(http.NotFoundHandler())
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/nowhere"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "BREW", path, http.NoBody))
	}
	f.wantTree(t, "HTTP")
}

// A nil Tracing returns nil, so that what asks for it does nothing.
func TestNoTraces(t *testing.T) {
	t.Parallel()
	var none *tracing.Tracing
	if none.Units() != nil || none.Statements() != nil || none.Shutdown(t.Context()) != nil {
		t.Error("a nil Tracing returns something, want nil")
	}
	if id, attrs := tracing.TraceID(t.Context()), tracing.Attrs(t.Context()); id != "" || attrs != nil {
		t.Errorf("trace id = %q, attributes = %v, want none", id, attrs)
	}
	tracing.RecordError(t.Context(), errors.New("nowhere"))
}

func TestTheLogNamesTheSpan(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	logger := telemetry.NewLogger(&log, telemetry.Text, slog.LevelInfo, tracing.Attrs)
	f := open(t, pgtest.OwnerURL(t), 1)
	f.serve(t, http.MethodPost, from("01"), func(ctx context.Context) error {
		logger.InfoContext(ctx, "hello")
		return nil
	})
	log.WaitFor(t, "trace_id="+callerTrace+" span_id="+f.named(t, "attempt 1")[0].SpanContext().SpanID().String())
}

// A client decides how long its name is, and not how much memory its span needs.
func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	f.serve(t, http.MethodPost, http.Header{"User-Agent": {strings.Repeat("x", 60<<10)}}, func(context.Context) error { return nil })
	if got := len(value(f.named(t, "POST /rows/{id}")[0], "user_agent.original")); got != 4<<10 {
		t.Errorf("user_agent.original has %d bytes, want 4096", got)
	}
}
