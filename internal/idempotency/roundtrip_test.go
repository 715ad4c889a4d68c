package idempotency_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/internal/idempotency"
	"commitment/internal/levers"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// TestTheRecordTravelsWithCommit records what a request with a key sends, at each level.
func TestTheRecordTravelsWithCommit(t *testing.T) {
	t.Parallel()
	if !levers.WaitingWrites {
		t.Skip("writes do not wait for COMMIT")
	}
	proxy := pgtest.Proxy(t, pgtest.OwnerURL(t))
	pool, err := postgres.Open(postgres.Options{URL: proxy.URL(), MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	tx := reqtx.Middleware(txn.New(pool, txn.Options{}), reqtx.Options{WriteError: writeError})
	once := idempotency.Middleware(idempotency.Options{WriteError: writeError})
	n := 0
	work := once(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := rowtest.Insert(r.Context(), ent.FromContext(r.Context()), fmt.Sprint("row", n)); err != nil {
			t.Error(err)
		}
	}))
	const begin = "begin; select; select" // the transaction, its id, the key's lock
	for _, tt := range []struct {
		level   string
		handler http.Handler
		want    []string
	}{
		{"read committed", tx(work), []string{begin, "select", "insert", "insert; commit"}},
		{"serializable", tx(reqtx.Mode(txn.Serializable)(work)), []string{begin, "select", "insert", "insert", "commit"}},
	} {
		var transcript *pgproxy.Transcript
		for range 3 { // one prepares the statements, one pings
			n++
			transcript = proxy.Record()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
			r.Header.Set(idempotency.Header, fmt.Sprint("key", n))
			w := httptest.NewRecorder()
			tt.handler.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Errorf("%s: status = %d, want 200", tt.level, w.Code)
			}
			transcript.Stop()
		}
		var flights []string
		for _, flight := range transcript.Flights() {
			var words []string
			for _, m := range flight {
				if m.Name == "Execute" || m.Name == "Query" {
					word, _, _ := strings.Cut(strings.ToLower(m.SQL), " ")
					words = append(words, word)
				}
			}
			flights = append(flights, strings.Join(words, "; "))
		}
		if diff := cmp.Diff(tt.want, flights); diff != "" {
			t.Errorf("%s: flights (-want +got):\n%s", tt.level, diff)
		}
	}
}
