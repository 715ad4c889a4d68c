package tracing_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"commitment/internal/logtest"
	"commitment/internal/tracing"
)

// One request must not cost the spans of others: a batch with bytes that aren't UTF-8 can't
// be encoded.
func TestBytesOfAClientDoNotKeepSpansFromTheCollector(t *testing.T) {
	var names []string
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent coltrace.ExportTraceServiceRequest
		if err = errors.Join(err, proto.Unmarshal(body, &sent)); err != nil {
			t.Error(err)
		}
		for _, resource := range sent.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					names = append(names, span.GetName())
					for _, a := range span.GetAttributes() {
						names = append(names, a.GetKey()+"="+a.GetValue().GetStringValue())
					}
					for _, e := range span.GetEvents() {
						for _, a := range e.GetAttributes() {
							names = append(names, a.GetKey()+"="+a.GetValue().GetStringValue())
						}
					}
				}
			}
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	log := &logtest.Buffer{}
	traces, err := tracing.New(t.Context(), tracing.Options{ServiceName: "test", Log: slog.New(slog.NewTextHandler(log, nil))})
	check(t, err)
	serve := traces.Requests(func(*http.Request) string { return "" })(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tracing.RecordError(r.Context(), errors.New("no such file: "+r.URL.Path))
		w.WriteHeader(http.StatusInternalServerError)
	}))
	for _, path := range []string{"/good", "/%ff", "/good"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		r.Header.Set("User-Agent", "agent \xfe")
		serve.ServeHTTP(httptest.NewRecorder(), r)
	}
	check(t, traces.Shutdown(context.Background()))
	for _, want := range []string{"url.path=/good", "url.path=/\uFFFD", "user_agent.original=agent \uFFFD", "exception.message=no such file: /\uFFFD"} {
		if !slices.Contains(names, want) {
			t.Errorf("the collector got %q, want %q; log:\n%s", names, want, log)
		}
	}
}
