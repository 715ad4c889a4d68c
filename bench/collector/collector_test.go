// Package collector_test sends the traces of a service to the receiver of the OpenTelemetry
// Collector. It is here because the collector's modules don't belong in the service's
// go.mod.
package collector_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"commitment/internal/app"
	"commitment/internal/config"
	"commitment/internal/logtest"
	"commitment/internal/pgtest"
)

func TestACollectorReceivesTraces(t *testing.T) { //nolint:paralleltest // the SDK reads the process's environment
	sink := &consumertest.TracesSink{}
	endpoint := receive(t, sink)
	settings := map[string]string{
		"DATABASE_URL": pgtest.OwnerURL(t), "ADDR": "127.0.0.1:0", "AUTH": "off", "JOBS_WORKERS": "0",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + endpoint, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
		"OTEL_SERVICE_NAME": "books", "OTEL_BSP_SCHEDULE_DELAY": "3600000",
	}
	var environ []string
	for name, value := range settings {
		t.Setenv(name, value)
		environ = append(environ, name+"="+value)
	}
	cfg, err := config.Load(environ)
	check(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var console logtest.Buffer
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(ctx, cfg, app.Output{Console: &console, Log: io.Discard}) }()
	console.WaitFor(t, "docs/")
	base := regexp.MustCompile(`http://\S+/v1`).FindString(console.String())
	get(t, base+"/trial-balance")
	stop() // exports the spans
	check(t, <-ended)

	found := map[string]int{}
	for _, traces := range sink.AllTraces() {
		for _, of := range traces.ResourceSpans().All() {
			if name, _ := of.Resource().Attributes().Get("service.name"); name.Str() != "books" {
				t.Errorf("service.name = %q, want books", name.Str())
			}
			for _, scope := range of.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					found[span.Name()]++
				}
			}
		}
	}
	for _, want := range []string{"GET /v1/trial-balance", "attempt 1", "transaction", "SELECT accounts", "COMMIT"} {
		if found[want] == 0 {
			t.Errorf("spans = %v, want %q", found, want)
		}
	}
}

// receive starts the collector's OTLP receiver, and returns its address.
func receive(t *testing.T, sink *consumertest.TracesSink) string {
	t.Helper()
	factory := otlpreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig()
	endpoint := fmt.Sprintf("127.0.0.1:%d", pgtest.DeadPort(t))
	check(t, confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{"http": map[string]any{"endpoint": endpoint}},
	}).Unmarshal(cfg))
	receiver, err := factory.CreateTraces(t.Context(), receivertest.NewNopSettings(factory.Type()), cfg, sink)
	check(t, err)
	check(t, receiver.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { check(t, receiver.Shutdown(context.Background())) })
	return endpoint
}

func get(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	check(t, err)
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		t.Errorf("GET %s = %d, want 200", url, resp.StatusCode)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
