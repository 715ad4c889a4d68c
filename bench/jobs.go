package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"commitment/bench/internal/markdown"
	"commitment/internal/jobs"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

const (
	jobsSuite = "jobs"
	// enqueueRounds are the rounds in which the two take turns, enqueueing this often each.
	enqueueRounds, enqueuesInRound = 40, 100
	// jobRounds are the rounds in which they run this many jobs, with this many workers.
	jobRounds, jobsInRound, jobWorkers = 5, 2000, 10
	jobFetch                           = 10 * time.Millisecond // between two fetches, for both
)

// jobsMeasured is what a way to enqueue and run jobs takes.
type jobsMeasured struct {
	title   string
	enqueue []float64 // microseconds, by round
	perSec  []float64 // jobs per second, by round
}

type benchArgs struct {
	N int `json:"n"`
}

func (benchArgs) Kind() string { return "bench" }

const insertEffect = "INSERT INTO effects VALUES ($1)"

// queue is a way to enqueue and run jobs that have one effect in the database each.
type queue interface {
	enqueue(ctx context.Context, n int) error
	// run runs jobs until all that were enqueued have run.
	run(ctx context.Context, pool *pgxpool.Pool) error
}

// awaitJobs waits until no job is left.
func awaitJobs(ctx context.Context, pool *pgxpool.Pool) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		var left int
		err := pool.QueryRow(ctx, "SELECT count(*) FROM river_job WHERE finalized_at IS NULL").Scan(&left)
		if err != nil || left == 0 {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ourQueue is package jobs.
type ourQueue struct {
	db   tenancy.DB
	pool *pgxpool.Pool
}

func (q *ourQueue) enqueue(ctx context.Context, n int) error {
	ctx, unit, err := q.db.Begin(ctx, txn.ReadWrite, 1)
	if err != nil {
		return err
	}
	defer unit.Close()
	if err := jobs.Enqueue(ctx, benchArgs{n}); err != nil {
		return err
	}
	if err := unit.Commit(); err != nil {
		return err
	}
	unit.AfterCommit()
	return nil
}

type ourWorker struct {
	river.WorkerDefaults[benchArgs]
}

func (ourWorker) Work(ctx context.Context, job *river.Job[benchArgs]) error {
	return jobs.In(ctx, job, func(ctx context.Context) error {
		tx, err := txn.PgxTx(ctx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertEffect, job.Args.N)
		return err
	})
}

func (q *ourQueue) run(ctx context.Context, pool *pgxpool.Pool) error {
	workers := river.NewWorkers()
	river.AddWorker(workers, ourWorker{})
	runner, err := jobs.New(jobs.Options{
		Pool: q.pool, DB: q.db, Workers: workers, MaxWorkers: jobWorkers, Timeout: time.Minute, StopTimeout: time.Minute, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(running) }()
	err = awaitJobs(ctx, pool)
	stop()
	return errors.Join(err, <-ended)
}

// riversQueue is River on its own pool, as its documentation shows it.
type riversQueue struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
}

func (q *riversQueue) enqueue(ctx context.Context, n int) error {
	tx, err := q.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := q.client.InsertTx(ctx, tx, benchArgs{n}, nil); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

type riversWorker struct {
	river.WorkerDefaults[benchArgs]
	pool *pgxpool.Pool
}

func (w *riversWorker) Work(ctx context.Context, job *river.Job[benchArgs]) error {
	tx, err := w.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, insertEffect, job.Args.N); err != nil {
		return err
	}
	if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func (q *riversQueue) run(ctx context.Context, pool *pgxpool.Pool) error {
	client, err := newRiver(q.pool)
	if err != nil {
		return err
	}
	if err := client.Start(ctx); err != nil {
		return err
	}
	err = awaitJobs(ctx, pool)
	_ = client.Stop(ctx)
	return err
}

func newRiver(pool *pgxpool.Pool) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &riversWorker{pool: pool})
	return river.NewClient(riverpgxv5.New(pool), &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobWorkers}},
		Workers: workers, FetchCooldown: jobFetch, FetchPollInterval: time.Second, ReindexerIndexNames: []string{},
		Logger: slog.New(slog.DiscardHandler), Hooks: []rivertype.Hook{},
	})
}

// measureJobs measures both ways, each in a database of its own.
func measureJobs(ctx context.Context, db *database) ([]*jobsMeasured, error) {
	all := []*jobsMeasured{{title: "package jobs"}, {title: "River on its own pool"}}
	queues := make([]queue, len(all))
	pools := make([]*pgxpool.Pool, len(all))
	defer func() {
		for _, pool := range pools {
			if pool != nil {
				pool.Close()
			}
		}
	}()
	for i, name := range []string{"bench_jobs_ours", "bench_jobs_river"} {
		url, err := db.create(ctx, name)
		if err != nil {
			return nil, err
		}
		if err := db.exec(ctx, name, "CREATE TABLE effects (n int)"); err != nil {
			return nil, err
		}
		o := postgres.Options{URL: url, MaxOpenConns: 15, MaxIdleConns: 15, PingAfter: time.Hour}
		if pools[i], err = postgres.OpenPgx(ctx, o, 15); err != nil {
			return nil, err
		}
		if queues[i], err = openQueue(o, pools[i], i == 0); err != nil {
			return nil, err
		}
	}
	for range enqueueRounds {
		for i, m := range all {
			start := time.Now()
			for n := range enqueuesInRound {
				if err := queues[i].enqueue(ctx, n); err != nil {
					return nil, fmt.Errorf("%s: %w", m.title, err)
				}
			}
			m.enqueue = append(m.enqueue, float64(time.Since(start).Microseconds())/enqueuesInRound)
		}
	}
	for range jobRounds {
		for i, m := range all {
			if err := measureRun(ctx, m, queues[i], pools[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", m.title, err)
			}
		}
	}
	return all, nil
}

func openQueue(o postgres.Options, pool *pgxpool.Pool, ours bool) (queue, error) {
	if !ours {
		client, err := newRiver(pool)
		return &riversQueue{pool, client}, err
	}
	service, err := postgres.Open(o)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	return &ourQueue{tenancy.DB{DB: txn.New(service, txn.Options{Log: log}), Log: log}, pool}, nil
}

// measureRun measures how long jobs take that are there when workers start.
func measureRun(ctx context.Context, m *jobsMeasured, q queue, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, "TRUNCATE river_job")
	if err == nil {
		_, err = pool.Exec(ctx, `INSERT INTO river_job (kind, args) SELECT 'bench', jsonb_build_object('n', n) FROM generate_series(1, $1) n`, jobsInRound)
	}
	if err != nil {
		return err
	}
	start := time.Now()
	if err := q.run(ctx, pool); err != nil {
		return err
	}
	m.perSec = append(m.perSec, jobsInRound/time.Since(start).Seconds())
	return nil
}

// writeJobs writes what jobs take.
func writeJobs(p *markdown.Printer, all []*jobsMeasured) {
	if all == nil {
		return
	}
	ours, rivers := all[0], all[1]
	p.Line("\n# Jobs\n")
	p.Line("A transaction that enqueues one job, by one client, in microseconds to the end of its COMMIT, and %d jobs with one insert each, which is", jobsInRound)
	p.Line("committed together with the job's completion, by %d workers. Medians of %d and %d rounds; ratios are taken within a round. River takes", jobWorkers, enqueueRounds, jobRounds)
	p.Line("four round trips to enqueue when it notifies the workers, and three otherwise; package jobs takes two.\n")
	p.Line("| | enqueue µs | jobs/s |\n|---|--:|--:|")
	for _, m := range all {
		p.Line("| %s | %.0f | %.0f |", m.title, median(slices.Clone(m.enqueue)), median(slices.Clone(m.perSec)))
	}
	p.Line("| ratio | %.2f | %.2f |", medianRatio(ours.enqueue, rivers.enqueue), medianRatio(ours.perSec, rivers.perSec))
}
