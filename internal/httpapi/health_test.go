package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		a := s.send(t, "GET", path, "").want(t, http.StatusOK)
		a.wantHeader(t, "Content-Type", "application/json")
		a.wantHeader(t, "Cache-Control", "no-store")
		s.send(t, "HEAD", path, "").want(t, http.StatusOK)
	}

	s.closing.Store(true)
	p := s.refused(t, http.StatusServiceUnavailable, "GET", "/readyz", "")
	p.want(t, "not-ready")
	if !strings.Contains(s.log.String(), "secret reason") {
		t.Error("the log doesn't have the reason")
	}

	s.closing.Store(false)
	s.send(t, "GET", "/readyz", "").want(t, http.StatusOK)
	if err := s.pool.Close(); err != nil {
		t.Fatal(err)
	}
	s.send(t, "GET", "/readyz", "").problem(t, http.StatusServiceUnavailable).want(t, "not-ready")
	s.send(t, "GET", "/healthz", "").want(t, http.StatusOK)
}

func TestMetricsCountTransactionsByOutcome(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	s.add(t, "a")
	path := s.add(t, "b")
	s.send(t, "POST", "/v1/things", `{"name":"b","kind":"new"}`).want(t, http.StatusConflict)
	s.send(t, "POST", "/v1/things", `{}`).want(t, http.StatusUnprocessableEntity) // never reaches the database
	s.send(t, "GET", path, "").want(t, http.StatusOK)
	if err := s.db.Wait(t.Context()); err != nil { // what only reads ends after its response
		t.Fatal(err)
	}
	a := s.send(t, "GET", "/metrics", "").want(t, http.StatusOK)
	for _, line := range []string{
		`commitment_transactions_total{mode="write",outcome="committed"} 2`,
		`commitment_transactions_total{mode="write",outcome="rolled_back"} 1`,
		`commitment_transactions_total{mode="write",outcome="unknown"} 0`,
		`commitment_transactions_total{mode="read",outcome="committed"} 1`,
		`commitment_transactions_total{mode="read",outcome="rolled_back"} 0`,
		`http_requests_total{method="POST",route="/v1/things",status="2xx"} 2`,
		`http_requests_total{method="GET",route="/v1/things/{id}",status="2xx"} 1`,
		`go_sql_open_connections{db_name="main"} `,
	} {
		if !strings.Contains(a.body, "\n"+line) {
			t.Errorf("metrics have no %s", line)
		}
	}
}
