package jobs_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"commitment/internal/jobs"
	"commitment/internal/logtest"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// blockedWorker starts its effect, and goes on when it is told to.
type blockedWorker struct {
	effectWorker
	started chan struct{}
	goOn    chan struct{}
}

func (w *blockedWorker) Work(ctx context.Context, job *river.Job[effectArgs]) error {
	return jobs.In(ctx, job, func(ctx context.Context) error {
		if err := insertEffect(ctx, job.Args.N); err != nil {
			return err
		}
		w.started <- struct{}{}
		select {
		case <-w.goOn:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func newBlockedWorker() *blockedWorker {
	return &blockedWorker{started: make(chan struct{}, 10), goOn: make(chan struct{})}
}

func (f *fixture) wantEnds(t *testing.T, want ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.ends, want) {
		t.Errorf("ends = %q, want %q", f.ends, want)
	}
}

func TestStopLetsAJobFinish(t *testing.T) {
	t.Parallel()
	f := open(t)
	worker := newBlockedWorker()
	stop := start(t, f.options(workersOf(worker)))
	f.enqueue(t, effectArgs{1}, nil)
	<-worker.started
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	f.enqueue(t, effectArgs{2}, nil) // may be started, unless the stop was first
	select {
	case err := <-stopped:
		t.Fatalf("Run() = %v while a job runs", err)
	case <-time.After(100 * time.Millisecond): // long enough to fail if it didn't wait at all
	}
	close(worker.goOn)
	if err := <-stopped; err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	f.await(t, "SELECT state::text FROM river_job WHERE args->>'n' = '1'", "completed\n")
	f.await(t, "SELECT count(*) FROM river_job WHERE state = 'running'", "0\n")
}

func TestStopCancelsAJobThatTakesTooLong(t *testing.T) {
	t.Parallel()
	f := open(t)
	worker := newBlockedWorker()
	options := f.options(workersOf(worker))
	options.StopTimeout = 100 * time.Millisecond
	stop := start(t, options)
	f.enqueue(t, effectArgs{1}, nil)
	<-worker.started
	if err := stop(); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	f.wantEnds(t, "effect stopped")
	f.await(t, effects, "0 of 0\n")
	// Another process takes it at once: the shutdown isn't the job's failure.
	f.await(t, "SELECT state || ' ' || attempt FROM river_job", "available 0\n")
	close(worker.goOn)
	start(t, f.options(workersOf(worker)))
	f.await(t, effects, "1 of 1\n")
}

func TestAJobThatFailsTooOftenIsADeadLetter(t *testing.T) {
	t.Parallel()
	f := open(t)
	failing := true
	start(t, f.options(workersOf(&effectWorker{fail: func(*river.Job[effectArgs]) error {
		if failing {
			panic("on purpose")
		}
		return nil
	}})))
	f.enqueue(t, impatientArgs{effectArgs{1}}, nil)
	f.await(t, "SELECT state || ' ' || attempt FROM river_job", "discarded 2\n")
	f.wantEnds(t, "effect failed", "effect discarded")
	f.await(t, effects, "0 of 0\n")
	failing = false
	admin, err := jobs.NewAdmin(f.pool, f.Log)
	if err != nil {
		t.Fatal(err)
	}
	all, err := admin.List(t.Context(), jobs.Filter{Kinds: []string{"effect"}, Limit: 10})
	if err != nil || len(all) != 1 {
		t.Fatalf("List() = %d jobs, %v, want 1", len(all), err)
	}
	if _, err := admin.Retry(t.Context(), all[0].ID); err != nil {
		t.Fatal(err)
	}
	f.await(t, effects, "1 of 1\n")
}

// impatientArgs ask for an effect, twice at most.
type impatientArgs struct{ effectArgs }

func (impatientArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 2} }

// killedEnv makes the test binary run jobs until it is killed.
const killedEnv = "JOBS_TEST_DATABASE"

func TestMain(m *testing.M) {
	if url := os.Getenv(killedEnv); url != "" {
		workUntilKilled(url)
	}
	m.Run()
}

// killedTimeout is the timeout of the jobs of a process that is killed.
const killedTimeout = 2 * time.Second

// A process that is killed in a job loses nothing: the job is given to another process
// after its timeout and some seconds, and has one effect.
func TestAJobOfAKilledProcessIsRescued(t *testing.T) {
	t.Parallel()
	f := open(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killedEnv+"="+f.owner)
	cmd.Stderr = f.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.enqueue(t, effectArgs{1}, nil)
	f.await(t, "SELECT state::text FROM river_job", "running\n")
	pgtest.WaitFor(t, "its effect is in progress", func() bool {
		return f.query(t, "SELECT 1 FROM pg_locks WHERE relation = 'effects'::regclass LIMIT 1") != ""
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	_ = cmd.Wait()
	options := f.options(workersOf(&effectWorker{}))
	options.Timeout = killedTimeout
	start(t, options)
	f.await(t, "SELECT state || ' ' || attempt FROM river_job", "completed 2\n")
	t.Logf("rescued after %v, with a timeout of %v", time.Since(killed).Round(time.Second), options.Timeout)
	f.await(t, effects, "1 of 1\n")
}

// A database that doesn't respond, or not yet, doesn't keep the process from ending.
func TestRunStopsBeforeTheDatabaseResponds(t *testing.T) {
	t.Parallel()
	pool, err := postgres.OpenPgx(t.Context(), postgres.Options{URL: "postgres://nobody@" + pgtest.ListenSilently(t) + "/none?sslmode=disable"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	ready := make(chan struct{})
	f := fixture{pool: pool, log: &logtest.Buffer{}}
	options := f.options(workersOf(&effectWorker{}))
	options.Ready = func(context.Context) error {
		close(ready)
		return nil
	}
	stop := start(t, options)
	<-ready
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	select {
	case err := <-stopped:
		if err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("Run() hasn't returned")
	}
}
