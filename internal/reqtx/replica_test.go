package reqtx_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/internal/levers"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtest/replica"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/replicas"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// checkedSet returns a set of one replica that may serve.
func checkedSet(t *testing.T, primary string, r *replicas.Replica) *replicas.Set {
	t.Helper()
	set := replicas.New(pgtest.Open(t, primary), []*replicas.Replica{r}, replicas.Options{Log: slog.New(slog.DiscardHandler)})
	if err := set.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return set
}

// TestRoundTripsWithReplicas counts on the wire what requests cost with replicas: as many
// round trips as without.
func TestRoundTripsWithReplicas(t *testing.T) {
	t.Parallel()
	if !levers.ParkedCommits {
		t.Skip("COMMITs of readers are not parked")
	}
	c := replica.Start(t, 1)
	primary, standby := pgtest.Proxy(t, c.Primary.Owner), pgtest.Proxy(t, c.Replicas[0].Owner)
	open := func(url string) *replicas.Replica {
		pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: 1 << 40})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pool.Close() })
		return &replicas.Replica{Name: "one", Pool: pool, Probe: pgtest.Open(t, c.Replicas[0].Owner)}
	}
	set := checkedSet(t, c.Primary.Owner, open(standby.URL()))
	db := txn.New(open(primary.URL()).Pool, txn.Options{Replicas: set})
	h := reqtx.Middleware(db, reqtx.Options{Tokens: reqtx.NewTokens("key"), WriteError: writeError})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		if client := ent.FromContext(r.Context()); r.Method == http.MethodGet {
			_, err = rowtest.Count(r.Context(), client)
		} else {
			err = rowtest.Rename(r.Context(), client, "x")
		}
		if err != nil {
			writeError(w, r, err)
		}
	}))
	serve := func(method, token string) string {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody)
		if token != "" {
			r.Header.Set(reqtx.TokenHeader, token)
		}
		h.ServeHTTP(w, r)
		if err := db.Wait(t.Context()); err != nil || w.Code != http.StatusOK {
			t.Errorf("%s = %d %s, %v, want 200", method, w.Code, w.Body, err)
		}
		return w.Result().Header.Get(reqtx.TokenHeader)
	}
	const replayed, position = "select case when not pg_is_in_recovery", "select pg_walfile_name"
	for _, tt := range []struct {
		name, method, token string
		proxy               *pgproxy.Proxy
		flights             []string
	}{
		{"a write", http.MethodPost, "", primary, []string{"begin isolation level read committed; select pg_current_xact_id; UPDATE", "commit; " + position}},
		{"a read on a replica", http.MethodGet, "", standby, []string{
			"commit; begin isolation level repeatable read read only; " + replayed + "; commit and chain; select pg_last_wal_replay_lsn; SELECT COUNT",
		}},
		{"a read on the primary", http.MethodGet, "unknown", primary, []string{"commit; begin isolation level repeatable read read only; " + position + "; SELECT COUNT"}},
	} {
		serve(tt.method, tt.token) // connects, and prepares
		serve(tt.method, tt.token) // pings, as the connection's first use again
		unlessTimed(t, func() string {
			serve(tt.method, tt.token)
			tt.proxy.Reset()
			transcript := tt.proxy.Record()
			if serve(tt.method, tt.token) == "" {
				t.Errorf("%s: no token", tt.name)
			}
			transcript.Stop()
			if got := tt.proxy.Stats().RoundTrips; got != len(tt.flights) {
				return fmt.Sprintf("%s: round trips = %d, want %d", tt.name, got, len(tt.flights))
			}
			got := flights(transcript)
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], "commit; select pg_walfile_name(lsn)", "commit; "+position)
			}
			if diff := cmp.Diff(tt.flights, got); diff != "" {
				return fmt.Sprintf("%s: flights (-want +got):\n%s", tt.name, diff)
			}
			return ""
		})
	}
	if up := fmt.Sprint(set.Status()[0].Up); up != "true" {
		t.Errorf("up = %s, want true", up)
	}
}
