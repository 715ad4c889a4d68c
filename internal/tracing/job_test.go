package tracing_test

import (
	"context"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/jobs"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
)

type tracedArgs struct{}

func (tracedArgs) Kind() string { return "traced" }

type tracedWorker struct {
	river.WorkerDefaults[tracedArgs]
}

func (tracedWorker) Work(ctx context.Context, job *river.Job[tracedArgs]) error {
	return jobs.In(ctx, job, func(context.Context) error { return nil })
}

func TestAJobIsPartOfTheTraceThatEnqueuedIt(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	f := open(t, url, 1)
	warmUp(t, f)
	queue, err := postgres.OpenPgx(t.Context(), postgres.Options{URL: url}, 4)
	check(t, err)
	t.Cleanup(queue.Close)
	log := discard
	workers := river.NewWorkers()
	river.AddWorker(workers, tracedWorker{})
	ran := make(chan jobs.Outcome, 1)
	runner, err := jobs.New(jobs.Options{
		Pool: queue, DB: tenancy.DB{DB: f.db, Log: log}, Workers: workers, MaxWorkers: 1, Timeout: time.Minute, StopTimeout: time.Minute, Log: log,
		Trace: func(ctx context.Context, job *rivertype.JobRow, traceparent string) (context.Context, func(error)) {
			return f.Job(ctx, job.Kind, job.Queue, job.ID, job.Attempt, traceparent)
		},
		OnEnd: func(_ string, outcome jobs.Outcome, _ time.Duration) { ran <- outcome },
	})
	check(t, err)
	w := f.serve(t, http.MethodPost, nil, func(ctx context.Context) error { return jobs.Enqueue(ctx, tracedArgs{}) })
	if w.Code != http.StatusOK {
		t.Fatalf("status = %d, want 200", w.Code)
	}
	check(t, f.db.Wait(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	if outcome := <-ran; outcome != jobs.Completed {
		t.Errorf("outcome = %v, want completed", outcome)
	}
	stop()
	check(t, <-ended)
	asked := regexp.MustCompile(`(?m)^ +SELECT\n`) // what River asks the server once
	wantTree(t, asked.ReplaceAllString(f.tree(), ""), `
		POST /rows/{id}
			attempt 1
				enqueue traced
					INSERT river_job
					job traced
						attempt 1
							transaction: committed
								UPDATE river_job
								COMMIT
				transaction: committed
					COMMIT
				after commit
					attempt 1
						transaction: committed
							SELECT topic_to_notify
							COMMIT
	`)
	for key, want := range map[string]string{"messaging.system": "river", "messaging.message.id": "1", "commitment.job.attempt": "1"} {
		if got := value(f.named(t, "job traced")[0], key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
}
