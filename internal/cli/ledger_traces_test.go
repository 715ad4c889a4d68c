package cli_test

import (
	"net/http"
	"strings"
	"testing"

	"commitment/internal/pgtest"
)

// TestServeExportsTheTraceOfARequest shows what a collector receives of one request.
func TestServeExportsTheTraceOfARequest(t *testing.T) {
	t.Parallel()
	c, url := collect(t)
	p := serve(t, "DATABASE_URL="+pgtest.OwnerURL(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+url, "LOG_SLOW_STATEMENTS=1ns")
	got := sendTraced(t, http.MethodPost, p.base(t)+"/v1/accounts", `{"name":"Ann","currency":"EUR"}`)
	if got.status != http.StatusCreated {
		t.Fatalf("POST /v1/accounts = %d %s, want 201", got.status, got.body)
	}
	p.terminate(t)
	p.exitCode(t)
	const want = `POST /v1/accounts
  attempt 1
    transaction
      connect
      INSERT accounts
      COMMIT
`
	if got := c.tree(); got != want {
		t.Errorf("spans:\n%swant:\n%s", got, want)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if id := s.GetTraceId(); len(id) != 16 || s.GetName() == "INSERT accounts" && strings.Contains(values(s.GetAttributes())["db.query.text"], "Ann") {
			t.Errorf("span = %v, want one of the trace, without arguments", s)
		}
	}
	if !logged(t, p.stderr.String(), map[string]any{"msg": "slow statement", "trace_id": traceID, "sql": "commit"}) {
		t.Errorf("log = %q, want a slow COMMIT with the trace's id", &p.stderr)
	}
}
