package tracing_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"commitment/ent"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/tracing"
)

// BenchmarkRequest measures a request with one statement without traces, not sampled, and
// sampled.
func BenchmarkRequest(b *testing.B) {
	traces, err := tracing.New(b.Context(), tracing.Options{
		ServiceName: "bench", TrustParent: true, Log: discard, Processor: sdk.NewBatchSpanProcessor(tracetest.NewNoopExporter()),
	})
	check(b, err)
	b.Cleanup(func() { check(b, traces.Shutdown(context.Background())) })
	for _, c := range []struct {
		name   string
		traces *tracing.Tracing
		header http.Header
	}{
		{"without traces", nil, nil},
		{"not sampled", traces, parent("00")},
		{"sampled", traces, parent("01")},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := openWith(b, pgtest.OwnerURL(b), 1, c.traces)
			h := f.handler(func(w http.ResponseWriter, r *http.Request) {
				if err := rowtest.Rename(r.Context(), ent.FromContext(r.Context()), "x"); err != nil {
					writeError(w, r, err)
				}
			})
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/rows/1", http.NoBody)
				r.Header = c.header
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatalf("status = %d, want 200", w.Code)
				}
			}
		})
	}
}
