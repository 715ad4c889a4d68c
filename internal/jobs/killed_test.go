package jobs_test

import (
	"context"
	"log/slog"
	"os"

	"commitment/internal/jobs"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// workUntilKilled runs jobs that don't end.
func workUntilKilled(url string) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	o := postgres.Options{URL: url, MaxOpenConns: 5}
	pool, err := postgres.Open(o)
	if err != nil {
		panic(err)
	}
	queue, err := postgres.OpenPgx(context.Background(), o, 4)
	if err != nil {
		panic(err)
	}
	runner, err := jobs.New(jobs.Options{
		Pool: queue, DB: tenancy.DB{DB: txn.New(pool, txn.Options{Log: log}), Log: log}, Workers: workersOf(newBlockedWorker()),
		MaxWorkers: 5, Timeout: killedTimeout, StopTimeout: killedTimeout, Log: log,
	})
	if err != nil {
		panic(err)
	}
	panic(runner.Run(context.Background()))
}
