package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"commitment/internal/pgtest"
)

// collector receives traces over OTLP.
type collector struct {
	mu       sync.Mutex
	spans    []*tracepb.Span
	resource map[string]string // of the spans
	header   http.Header       // of the last request
}

// collect starts a collector, and returns its URL.
func collect(t *testing.T) (c *collector, url string) {
	t.Helper()
	c = &collector{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, server.URL
}

// ServeHTTP receives spans.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collectorpb.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header = r.Header
	for _, of := range request.GetResourceSpans() {
		c.resource = values(of.GetResource().GetAttributes())
		for _, scope := range of.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

func values(attrs []*commonpb.KeyValue) map[string]string {
	found := map[string]string{}
	for _, a := range attrs {
		found[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return found
}

// tree returns the received spans as lines, each under its parent, with what has no
// parent among them first.
func (c *collector) tree() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.SortStableFunc(c.spans, func(a, b *tracepb.Span) int { return int(a.GetStartTimeUnixNano() - b.GetStartTimeUnixNano()) })
	known := map[string]bool{}
	for _, s := range c.spans {
		known[string(s.GetSpanId())] = true
	}
	var b strings.Builder
	var write func(parent string, depth int)
	write = func(parent string, depth int) {
		for _, s := range c.spans {
			of := string(s.GetParentSpanId())
			if of == parent || parent == "" && !known[of] {
				fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", depth), s.GetName())
				write(string(s.GetSpanId()), depth+1)
			}
		}
	}
	write("", 0)
	return b.String()
}

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

// sendTraced is send, as a part of the caller's trace.
func sendTraced(t *testing.T, method, url, body string) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	check(t, err)
	req.Header.Set("Traceparent", traceparent)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	check(t, err)
	text, err := io.ReadAll(resp.Body)
	check(t, err)
	check(t, resp.Body.Close())
	return response{resp.StatusCode, string(text)}
}

// TestServeExportsTraces has the last spans exported by the shutdown.
func TestServeExportsTraces(t *testing.T) {
	t.Parallel()
	c, url := collect(t)
	p := serve(t, "DATABASE_URL="+pgtest.URL(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "OTEL_EXPORTER_OTLP_HEADERS=authorization=secret",
		"OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test", "OTEL_BSP_SCHEDULE_DELAY=3600000")
	got := sendTraced(t, http.MethodGet, p.base(t)+"/nowhere", "")
	var problem struct {
		TraceID string `json:"trace_id"`
	}
	if err := json.Unmarshal([]byte(got.body), &problem); err != nil || problem.TraceID != traceID {
		t.Errorf("GET /nowhere = %s, want a problem with the trace's id", got.body)
	}
	p.terminate(t)
	if code := p.exitCode(t); code != 0 {
		t.Errorf("exit code = %d, want 0", code)
	}
	if !logged(t, p.stderr.String(), map[string]any{"msg": "request", "trace_id": traceID}) {
		t.Errorf("log = %q, want the request's line with the trace's id", &p.stderr)
	}
	if got := c.tree(); got != "GET\n" {
		t.Errorf("spans:\n%swant GET", got)
	}
	if c.header.Get("Authorization") != "secret" || strings.Contains(p.stderr.String(), "secret") {
		t.Errorf("authorization = %q, want the one of the settings, and nothing of it in the log", c.header.Get("Authorization"))
	}
	for name, want := range map[string]string{"service.name": "commitment", "deployment.environment.name": "test", "telemetry.sdk.language": "go"} {
		if c.resource[name] != want {
			t.Errorf("resource = %v, want %s=%s", c.resource, name, want)
		}
	}
}

// TestServeWithoutTraces has no trace of them in what it says.
func TestServeWithoutTraces(t *testing.T) {
	t.Parallel()
	p := serve(t, "DATABASE_URL="+pgtest.URL(t))
	if got := sendTraced(t, http.MethodGet, p.base(t)+"/nowhere", ""); strings.Contains(got.body, "trace_id") {
		t.Errorf("GET /nowhere = %s, want a problem without a trace's id", got.body)
	}
	p.terminate(t)
	p.exitCode(t)
	if strings.Contains(p.stderr.String(), "trace_id") {
		t.Errorf("log = %q, want no trace in it", &p.stderr)
	}
}

// TestServeOutlivesItsCollector starts without a collector: requests notice nothing, one
// line says so, and another one when there is a collector again.
func TestServeOutlivesItsCollector(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprintf("127.0.0.1:%d", pgtest.DeadPort(t))
	p := serve(t, "DATABASE_URL="+pgtest.URL(t), "OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+addr,
		"OTEL_BSP_SCHEDULE_DELAY=10", "OTEL_BSP_EXPORT_TIMEOUT=50", "OTEL_BSP_MAX_QUEUE_SIZE=8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4")
	request := func() {
		if got := sendTraced(t, http.MethodGet, p.base(t)+"/nowhere", ""); got.status != http.StatusNotFound {
			t.Fatalf("GET /nowhere = %d, want 404", got.status)
		}
	}
	for range 100 {
		request()
	}
	const failed = `"msg":"spans can't be exported"`
	p.stderr.WaitFor(t, failed)
	c := &collector{}
	listener, err := net.Listen("tcp", addr)
	check(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: c}}
	server.Start()
	t.Cleanup(server.Close)
	pgtest.WaitFor(t, "spans are exported again", func() bool {
		request()
		return strings.Contains(p.stderr.String(), `"msg":"spans are exported again"`)
	})
	if n := strings.Count(p.stderr.String(), failed); n != 1 {
		t.Errorf("log has %d lines of failed exports, want 1", n)
	}
}

// TestServeLogsWhatIsSlow takes everything for slow.
func TestServeLogsWhatIsSlow(t *testing.T) {
	t.Parallel()
	c, url := collect(t)
	p := serve(t, "DATABASE_URL="+pgtest.URL(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "LOG_SLOW_REQUESTS=1ns", "LOG_SLOW_STATEMENTS=1ns")
	get(t, p.base(t)+"/readyz")
	sendTraced(t, http.MethodGet, p.base(t)+"/nowhere", "")
	p.terminate(t)
	p.exitCode(t)
	for _, want := range []map[string]any{
		{"level": "WARN", "msg": "slow statement"},
		{"level": "WARN", "msg": "request", "slow": true, "trace_id": traceID},
	} {
		if !logged(t, p.stderr.String(), want) {
			t.Errorf("log = %q, want a line with %v", &p.stderr, want)
		}
	}
	if got := c.tree(); got != "GET\n" {
		t.Errorf("spans:\n%swant GET, and none of the probe", got)
	}
}

// logged reports whether the log has a line with these attributes.
func logged(t *testing.T, log string, want map[string]any) bool {
	t.Helper()
	for line := range strings.Lines(log) {
		var got map[string]any
		check(t, json.Unmarshal([]byte(line), &got))
		maps.DeleteFunc(got, func(name string, value any) bool { return want[name] != value })
		if len(got) == len(want) {
			return true
		}
	}
	return false
}
