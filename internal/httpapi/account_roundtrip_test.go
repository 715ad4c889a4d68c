package httpapi_test

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/httpapi"
	"commitment/internal/levers"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/postgres"
)

// TestRoundTripsOfAResource counts on the wire what the response of each operation waits
// for, once its statements are prepared.
func TestRoundTripsOfAResource(t *testing.T) {
	t.Parallel()
	if !levers.LeanGraph || !levers.ParkedCommits || !levers.WaitingWrites {
		t.Skip("the table is that of all levers")
	}
	proxy := pgtest.Proxy(t, pgtest.URL(t))
	s := startServiceOn(t, postgres.Options{URL: proxy.URL(), MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: time.Hour}, httpapi.New, 5*time.Second)
	account := s.send(t, "POST", "/v1/accounts", `{"name":"a","currency":"EUR"}`).want(t, http.StatusCreated).header.Get("Location")
	mint := s.send(t, "POST", "/v1/accounts", `{"name":"mint","currency":"EUR","allow_negative":true}`).want(t, http.StatusCreated).header.Get("Location")
	transfer := fmt.Sprintf(`{"from":%q,"to":%q,"amount":1}`, path.Base(mint), path.Base(account))
	n := 0
	const (
		reading = "commit; begin isolation level repeatable read read only; select set_config; "
		writing = "begin isolation level read committed; select pg_current_xact_id; "
	)
	for _, tt := range []struct {
		name, method, path, body string
		flights                  []string
	}{
		{"list", "GET", "/v1/accounts", "", []string{reading + "SELECT"}},
		{"read", "GET", account, "", []string{reading + "SELECT"}},
		{"create", "POST", "/v1/accounts", `{"name":"%d","currency":"EUR"}`, []string{writing + "INSERT INTO", "commit"}},
		{"patch", "PATCH", account, `{"name":"%d"}`, []string{writing + "SELECT FOR NO KEY UPDATE", "UPDATE", "commit"}},
		{"a transfer", "POST", "/v1/transfers", transfer, []string{
			writing + "SELECT FOR NO KEY UPDATE", "UPDATE; UPDATE; INSERT INTO; INSERT INTO; commit",
		}},
		{"a patch that changes nothing", "PATCH", account, `{}`, []string{writing + "SELECT FOR NO KEY UPDATE", "commit"}},
	} {
		serve := func() (texts []string, trips int) {
			n++
			body := tt.body
			if strings.Contains(body, "%d") {
				body = fmt.Sprintf(body, n)
			}
			transcript := proxy.Record()
			proxy.Reset()
			a := s.send(t, tt.method, tt.path, body)
			trips = proxy.Stats().RoundTrips
			transcript.Stop()
			if err := s.db.Wait(t.Context()); err != nil || a.status >= 300 {
				t.Fatalf("%s: %d %s, %v", tt.name, a.status, a.body, err)
			}
			for _, f := range transcript.Flights() {
				texts = append(texts, flight(f))
			}
			return texts, trips
		}
		serve() // prepares
		texts, trips := serve()
		for tries := 0; tt.method == "GET" && tries < 30 && !slices.Equal(texts, tt.flights); tries++ {
			texts, trips = serve() // on a busy machine the time of the last read's COMMIT was up
		}
		if diff := cmp.Diff(tt.flights, texts); diff != "" || trips != len(tt.flights) {
			t.Errorf("%s: round trips = %d, want %d; flights (-want +got):\n%s", tt.name, trips, len(tt.flights), diff)
		}
	}
}

// flight is the statements that were sent together, each by its first words.
func flight(messages []pgproxy.Message) string {
	var texts []string
	for _, m := range messages {
		if m.Name != "Execute" && m.Name != "Query" {
			continue
		}
		text, _, _ := strings.Cut(strings.TrimPrefix(m.SQL, "WITH changed AS ("), "(")
		if verb, _, ok := strings.Cut(text, ` "`); ok {
			text = verb
		}
		if strings.Contains(m.SQL, "FOR NO KEY UPDATE") {
			text += " FOR NO KEY UPDATE"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}
