package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"commitment/ent"
	"commitment/internal/logtest"
	"commitment/internal/pgtest/replica"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/txn"
)

// TestReplicas serves with two replicas, one of which can't be reached.
func TestReplicas(t *testing.T) {
	t.Parallel()
	c := replica.Start(t, 1)
	there := c.Replicas[0].Login()
	gone := strings.Replace(there, "@127.0.0.1:", "@127.0.0.2:", 1)
	cfg := load(t, "DATABASE_URL="+c.Primary.Login(), "DATABASE_REPLICA_URLS="+there+" "+gone, "AUTH=off")
	log := &logtest.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	options := poolOptions(cfg, c.Primary.Login(), logger)
	copies, err := openReplicas(t.Context(), cfg, options, logger)
	check(t, err)
	defer func() { check(t, copies.close()) }()
	ready, err := openReadiness(options, false)
	check(t, err)
	defer func() { check(t, ready.pool.Close()) }()
	s, err := newService(parts{cfg: cfg, log: logger, pool: openPool(t, c.Primary.Login()), copies: copies, ready: ready})
	check(t, err)
	defer s.checkReplicas()()

	get := func(path string) string {
		t.Helper()
		w := httptest.NewRecorder()
		s.server.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		if w.Code != http.StatusOK {
			t.Errorf("GET %s = %d %s, want 200", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	one, other := cfg.Database.ReplicaURLs[0].Server(), cfg.Database.ReplicaURLs[1].Server()
	want := `{"status":"ok","replicas":[{"name":"` + one + `","serves":true},{"name":"` + other + `","serves":false}]}` + "\n"
	if got := get("/readyz"); got != want {
		t.Errorf("readyz = %s, want %s", got, want)
	}
	check(t, s.db.Run(t.Context(), txn.ReadOnly, func(ctx context.Context) error {
		if err := txn.After(ctx, txn.Position{}); err != nil {
			return err
		}
		_, err := rowtest.Count(ctx, ent.FromContext(ctx))
		return err
	}))
	metrics := get("/metrics")
	for _, want := range []string{
		`commitment_replica_up{replica="` + one + `"} 1`, `commitment_replica_up{replica="` + other + `"} 0`,
		`commitment_replica_lag_seconds{replica="` + one + `"} 0`, `commitment_replica_lag_bytes{replica="` + one + `"} 0`,
		`commitment_reads_total{reason="",target="replica"} 1`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if text := log.String(); !strings.Contains(text, `msg="replica left out" replica=`+other) {
		t.Errorf("log = %s, want that a replica is left out", text)
	}

	environ := []string{"COMMITMENT_ENV=production", "DATABASE_URL=" + c.Primary.Login(), "REPLICA_TOKEN_KEY=" + strings.Repeat("x", 32)}
	superuser := load(t, append(environ, "DATABASE_REPLICA_URLS="+c.Replicas[0].Owner)...)
	if _, err := openReplicas(t.Context(), superuser, options, logger); !errors.Is(err, errRole) {
		t.Errorf("openReplicas() of a superuser in production = %v, want %v", err, errRole)
	}
}

func TestNoReplicas(t *testing.T) {
	t.Parallel()
	cfg := load(t, "DATABASE_URL=postgres://h/d")
	copies, err := openReplicas(t.Context(), cfg, poolOptions(cfg, "postgres://h/d", nil), nil)
	check(t, err)
	if copies.set != nil || copies.status() != nil || copies.tokens(cfg) != nil || len(copies.pools) > 0 {
		t.Errorf("openReplicas() = %+v, want nothing", copies)
	}
	check(t, copies.close())
}
