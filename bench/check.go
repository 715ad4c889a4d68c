package main

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// proxyCheck is what a proxy does to round trips and throughput.
type proxyCheck struct {
	set        time.Duration
	p50, p99   time.Duration // of a round trip with an empty query
	throughput float64       // MB per second from the server
	proxied    bool          // through a proxy
}

// checkDelays checks the proxy against its setting, one round trip after the other:
// without a proxy, then with each delay.
func (r *results) checkDelays(ctx context.Context, db *database) error {
	url := db.server.URL("postgres")
	c, err := checkAt(ctx, url)
	if err != nil {
		return err
	}
	r.checks = append(r.checks, c)
	for _, delay := range r.delays {
		p, err := startProxy(ctx, url, delay)
		if err != nil {
			return err
		}
		c, err := checkAt(ctx, p.URL())
		p.Close()
		if err != nil {
			return err
		}
		c.set, c.proxied = delay, true
		r.checks = append(r.checks, c)
	}
	return nil
}

func checkAt(ctx context.Context, url string) (c proxyCheck, err error) {
	const (
		tripsMade = 300
		size      = 64 << 20 // bytes
	)
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		return c, err
	}
	defer func() { _ = conn.Close(ctx) }()
	took := make([]time.Duration, tripsMade)
	for i := range took {
		start := time.Now()
		if err := conn.Exec(ctx, "").Close(); err != nil {
			return c, err
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	c.p50, c.p99 = percentile(took, 0.5), percentile(took, 0.99)
	start := time.Now()
	if _, err := conn.Exec(ctx, "SELECT repeat('x', 1048576) FROM generate_series(1, 64)").ReadAll(); err != nil {
		return c, err
	}
	c.throughput = float64(size) / (1 << 20) / time.Since(start).Seconds()
	return c, nil
}
