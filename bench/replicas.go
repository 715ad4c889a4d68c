package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"commitment/bench/internal/markdown"
	"commitment/bench/internal/process"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/replica"
	"commitment/internal/postgres"
	"commitment/internal/replicas"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

const (
	replicasSuite = "replicas"
	// replicaRounds are the rounds in which the numbers of replicas take turns, each of
	// replicaRound.
	replicaRounds, replicaRound = 10, time.Second
	// replicaClients send requests, one in writeShare of which writes.
	replicaClients, writeShare = 8, 10
)

// replicated is a service with so many replicas, and what it has done.
type replicated struct {
	replicas int
	handler  http.Handler
	primary  *sql.DB

	onReplica, onPrimary     atomic.Int64
	rates, service, onServer []float64 // reads per second; microseconds of CPU for a request, by round
}

// measureReplicas measures reads with no replica, one and two.
func measureReplicas() (all []*replicated, err error) {
	err = errors.New("no replicas could be started")
	testing.Init()
	testing.Benchmark(func(b *testing.B) { // which makes and removes the servers; it takes longer than to be repeated
		b.Helper()
		if all != nil {
			return
		}
		for n := range 3 {
			all = append(all, startReplicated(b, n))
		}
		for range replicaRounds {
			for _, r := range all {
				r.round(b)
			}
		}
		err = nil
	})
	return all, err
}

func startReplicated(b *testing.B, n int) *replicated {
	b.Helper()
	c := replica.Start(b, n)
	c.Primary.Exec(`CREATE TABLE counters (client int PRIMARY KEY, n int NOT NULL);
		INSERT INTO counters SELECT i, 0 FROM generate_series(1, 1000) i; GRANT ALL ON counters TO PUBLIC`)
	open := func(url string, conns int) *sql.DB {
		pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: conns, MaxIdleConns: conns, PingAfter: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = pool.Close() })
		return pool
	}
	r := &replicated{replicas: n, primary: open(c.Primary.Owner, 1)}
	var servers []*replicas.Replica
	for i, server := range c.Replicas {
		c.Primary.AwaitReplay(server)
		servers = append(servers, &replicas.Replica{Name: fmt.Sprint(i), Pool: open(server.Login(), replicaClients), Probe: open(server.Login(), 1)})
	}
	o := txn.Options{Log: slog.New(slog.DiscardHandler), OnRead: func(target, _ string) {
		if target == txn.TargetReplica {
			r.onReplica.Add(1)
		} else {
			r.onPrimary.Add(1)
		}
	}}
	middleware := reqtx.Options{WriteError: func(_ http.ResponseWriter, _ *http.Request, err error) { b.Error(err) }}
	if n > 0 {
		set := replicas.New(open(c.Primary.Login(), 1), servers, replicas.Options{Log: o.Log})
		ctx, stop := context.WithCancel(context.Background())
		b.Cleanup(stop)
		go set.Run(ctx)
		pgtest.WaitFor(b, "the replicas serve", func() bool {
			return !slices.ContainsFunc(set.Status(), func(s replicas.Status) bool { return !s.Up })
		})
		o.Replicas, o.Patience = set, 5*time.Millisecond
		middleware.Tokens = reqtx.NewTokens("a key of the usual length, 32 bytes")
	}
	r.handler = reqtx.Middleware(txn.New(open(c.Primary.Login(), replicaClients), o), middleware)(http.HandlerFunc(readOrCount))
	r.load(b, replicaRound/10) // connects, and prepares
	return r
}

// readOrCount is the work: one statement.
func readOrCount(w http.ResponseWriter, r *http.Request) {
	tx, err := txn.SQLFromContext(r.Context())
	if err == nil {
		query := "SELECT n FROM counters WHERE client = $1"
		if r.Method == http.MethodPost {
			query = "UPDATE counters SET n = n + 1 WHERE client = $1 RETURNING n"
		}
		var n int
		err = tx.QueryRowContext(r.Context(), query, []any{r.Header.Get("Client")}, &n)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
}

// load sends requests for a while, and returns how many were reads, and how many there
// were.
func (r *replicated) load(b *testing.B, d time.Duration) (reads, requests int64) {
	b.Helper()
	var all sync.WaitGroup
	var countReads, count atomic.Int64
	for id := range replicaClients {
		all.Go(func() {
			token := ""
			for i, end := id, time.Now().Add(d); time.Now().Before(end); i++ {
				method := http.MethodGet
				if i%writeShare == 0 {
					method = http.MethodPost
				}
				req, w := httptest.NewRequestWithContext(b.Context(), method, "/", http.NoBody), httptest.NewRecorder()
				req.Header.Set("Client", fmt.Sprint(1+id))
				if token != "" {
					req.Header.Set(reqtx.TokenHeader, token)
				}
				r.handler.ServeHTTP(w, req)
				if w.Code != http.StatusOK {
					b.Errorf("%s = %d %s", method, w.Code, w.Body)
					return
				}
				token = max(token, w.Result().Header.Get(reqtx.TokenHeader))
				count.Add(1)
				if method == http.MethodGet {
					countReads.Add(1)
				}
			}
		})
	}
	all.Wait()
	return countReads.Load(), count.Load()
}

// cpu is the CPU that the service and its sessions on the primary have taken.
func (r *replicated) cpu(b *testing.B) (service, server time.Duration) {
	b.Helper()
	rows, err := r.primary.QueryContext(b.Context(), "SELECT pid FROM pg_stat_activity WHERE usename = 'commitment_app'")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			b.Fatal(err)
		}
		server += process.CPUTime(pid)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return process.CPUTime(os.Getpid()), server
}

// round measures one round.
func (r *replicated) round(b *testing.B) {
	b.Helper()
	serviceBefore, serverBefore := r.cpu(b)
	reads, requests := r.load(b, replicaRound)
	service, server := r.cpu(b)
	r.rates = append(r.rates, float64(reads)/replicaRound.Seconds())
	r.service = append(r.service, float64((service-serviceBefore).Microseconds())/float64(requests))
	r.onServer = append(r.onServer, float64((server-serverBefore).Microseconds())/float64(requests))
}

// writeReplicas writes what replicas bring.
func writeReplicas(p *markdown.Printer, all []*replicated) {
	if len(all) == 0 {
		return
	}
	p.Line("\n# Reads on replicas\n")
	p.Line("%d clients keep their consistency tokens; one request in %d writes, and each is one statement. The primary, its replicas, the clients and the",
		replicaClients, writeShare)
	p.Line("service share the machine's CPUs, so what a replica takes off the primary shows in the primary's CPU, and not in the reads per second.\n")
	p.Line("| replicas | reads/s | by replicas | CPU of the service, µs/request | CPU of its sessions on the primary, µs/request |\n|--:|--:|--:|--:|--:|")
	for _, r := range all {
		share := 0.0
		if n := r.onReplica.Load(); n > 0 {
			share = float64(n) / float64(n+r.onPrimary.Load())
		}
		p.Line("| %d | %.0f | %.0f %% | %.0f | %.0f |", r.replicas, median(r.rates), 100*share, median(r.service), median(r.onServer))
	}
}
