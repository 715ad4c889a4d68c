package app

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"commitment/internal/config"
	"commitment/internal/postgres"
	"commitment/internal/replicas"
	"commitment/internal/reqtx"
	"commitment/internal/telemetry"
)

// replicaPools are the replicas that serve reads, and the pools to reach them by.
type replicaPools struct {
	set   *replicas.Set // nil if there are none
	pools []*sql.DB
}

// openReplicas returns the replicas of cfg. The pool of each has the options of the
// primary's, and the checks have a connection of their own to each server. A replica that
// can't be reached is left out until it can; one with a role that no policy holds is an
// error in production.
func openReplicas(ctx context.Context, cfg config.Config, o postgres.Options, log *slog.Logger) (*replicaPools, error) {
	r := &replicaPools{}
	if len(cfg.Database.ReplicaURLs) == 0 {
		return r, nil
	}
	primary, err := r.open(probe(o))
	if err != nil {
		return nil, err
	}
	var all []*replicas.Replica
	for _, url := range cfg.Database.ReplicaURLs {
		o.URL = string(url)
		pool, err := r.open(o)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		checks, err := r.open(probe(o))
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		one := &replicas.Replica{Name: url.Server(), Pool: pool, Probe: checks}
		if cfg.Environment == config.Production {
			one.Verify = func(ctx context.Context) error { return checkRole(ctx, checks) }
		}
		all = append(all, one)
	}
	r.set = replicas.New(primary, all, replicas.Options{MaxLag: cfg.Database.ReplicaMaxLag, Log: log})
	if err := r.set.Check(ctx); errors.Is(err, errRole) {
		return nil, errors.Join(fmt.Errorf("DATABASE_REPLICA_URLS: %w", err), r.close())
	}
	return r, nil
}

func (r *replicaPools) open(o postgres.Options) (*sql.DB, error) {
	pool, err := postgres.Open(o)
	if err == nil {
		r.pools = append(r.pools, pool)
	}
	return pool, err
}

func (r *replicaPools) close() error {
	var errs []error
	for _, pool := range r.pools {
		errs = append(errs, pool.Close())
	}
	return errors.Join(errs...)
}

// tokens returns the consistency tokens of a service with replicas, or nil.
func (r *replicaPools) tokens(cfg config.Config) *reqtx.Tokens {
	switch keys := cfg.Database.TokenKeys; {
	case r.set == nil:
		return nil
	case len(keys) == 0:
		return reqtx.NewTokens(rand.Text())
	default:
		return reqtx.NewTokens(keys...)
	}
}

// status returns which replicas serve, or nil if there are none.
func (r *replicaPools) status() []replicas.Status {
	if r.set == nil {
		return nil
	}
	return r.set.Status()
}

// observe adds the replicas to the metrics.
func (r *replicaPools) observe(metrics *telemetry.Metrics) {
	if r.set == nil {
		return
	}
	metrics.RegisterReplicas(func() (all []telemetry.Replica) {
		for _, s := range r.set.Status() {
			all = append(all, telemetry.Replica{Name: s.Name, Up: s.Up, Lag: s.Lag, LagBytes: s.LagBytes})
		}
		return all
	})
}

// checkReplicas checks the replicas until the function that it returns is called.
func (s *service) checkReplicas() (stop func()) {
	if s.copies.set == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.copies.set.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}
