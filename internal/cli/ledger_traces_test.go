package cli_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

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

// TestServeExportsTheCauseOfAFailure takes away a table.
func TestServeExportsTheCauseOfAFailure(t *testing.T) {
	t.Parallel()
	c, url := collect(t)
	database := pgtest.OwnerURL(t)
	p := serve(t, "DATABASE_URL="+database, "OTEL_EXPORTER_OTLP_ENDPOINT="+url)
	pgtest.Exec(t, pgtest.Open(t, database), "ALTER TABLE accounts RENAME TO gone")
	got := sendTraced(t, http.MethodPost, p.base(t)+"/v1/accounts", `{"name":"Ann","currency":"EUR"}`)
	if got.status != http.StatusInternalServerError || !strings.Contains(got.body, traceID) {
		t.Errorf("POST /v1/accounts = %d %s, want 500 with the trace's id", got.status, got.body)
	}
	p.terminate(t)
	p.exitCode(t)
	i := slices.IndexFunc(c.spans, func(s *tracepb.Span) bool { return s.GetName() == "POST /v1/accounts" })
	if i < 0 || values(c.spans[i].GetAttributes())["error.type"] != "500" || len(c.spans[i].GetEvents()) != 1 {
		t.Fatalf("spans = %v, want the request's with error.type 500 and an event", c.spans)
	}
	if cause := values(c.spans[i].GetEvents()[0].GetAttributes())["exception.message"]; !strings.Contains(cause, `relation "accounts" does not exist`) {
		t.Errorf("exception.message = %q, want the cause", cause)
	}
}
