//go:build e2e

package chaos

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/riverqueue/river"

	_ "commitment/ent/runtime" // for a client
	"commitment/internal/jobs"
	books "commitment/internal/ledger"
	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// workerEnv makes the test binary a process that runs jobs on this database.
const workerEnv = "CHAOS_WORKER"

// jobTimeout is the timeout of its jobs. They take no time.
const jobTimeout = time.Second

// noter runs the notices of transfers: each writes a row.
type noter struct {
	river.WorkerDefaults[books.TransferNotice]
}

func (noter) Work(ctx context.Context, job *river.Job[books.TransferNotice]) error {
	return jobs.In(ctx, job, func(ctx context.Context) error {
		tx, err := txn.SQLFromContext(ctx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO effects SELECT id FROM transfers WHERE id = $1", job.Args.TransferID)
		return err
	})
}

// NextRetry retries at once.
func (noter) NextRetry(*river.Job[books.TransferNotice]) time.Time { return time.Now() }

// work runs jobs until the process is interrupted.
func work(url string) {
	log := slog.New(slog.DiscardHandler)
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	o := postgres.Options{URL: url, ApplicationName: "worker", MaxOpenConns: 4, MaxIdleConns: 4, ConnectTimeout: 5 * time.Second}
	pool, err := postgres.Open(o)
	must(err)
	queue, err := postgres.OpenPgx(context.Background(), o, 4)
	must(err)
	workers := river.NewWorkers()
	river.AddWorker(workers, noter{})
	runner, err := jobs.New(jobs.Options{
		Pool: queue, DB: tenancy.DB{DB: txn.New(pool, txn.Options{Log: log}), Log: log}, Workers: workers,
		MaxWorkers: 4, Timeout: jobTimeout, StopTimeout: jobTimeout, PollOnly: os.Getenv("CHAOS_POLL") != "", Log: log,
	})
	must(err)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Fprintln(os.Stdout, "the worker works")
	must(runner.Run(ctx))
}

// startWorker starts a process that runs jobs.
func startWorker(t *testing.T, url string, env ...string) *program {
	t.Helper()
	w := &program{t: t, path: os.Args[0], env: append([]string{workerEnv + "=" + url}, env...)}
	t.Cleanup(w.kill)
	w.run("works")
	return w
}

// TestJobsSurviveKills kills the service, the process that runs its jobs, and PostgreSQL,
// while transfers are made, each of which enqueues a job: the jobs of all those that
// were committed run, those of no other do, and what each writes is there once.
func TestJobsSurviveKills(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		pooled    bool
		workerEnv []string
	}{
		{name: "directly"},
		{name: "through PgBouncer", pooled: true, workerEnv: []string{"CHAOS_POLL=1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			options := pgserver.Options{Dir: pgtest.ReachableDir(t)}
			server := pgtest.StartServer(t, options)
			pgtest.Migrate(t, server.URL("postgres"))
			proxy := pgtest.Proxy(t, server.URL("postgres"))
			url := proxy.URL()
			if tt.pooled {
				url = pooled(t, pgtest.LoginURL(t, url), timeoutsIgnored, "server_login_retry = 1")
			}
			p := start(t, url, traced, "JOBS_WORKERS=0", "WEBHOOK_URL=http://nobody.invalid", "WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
			l := newLedger(t, p, proxy.URL())
			l.exec("CREATE TABLE effects (transfer_id uuid)")
			w := startWorker(t, pgtest.LoginURL(t, url), tt.workerEnv...)
			harms := []func(){
				func() { p.kill(); p.run("is ready") },
				func() { w.kill(); w.run("works") },
				func() {
					if err := server.Kill(); err != nil {
						t.Error(err)
					}
					server = pgtest.StartServer(t, options)
					if err := proxy.Redirect(server.URL("postgres")); err != nil {
						t.Error(err)
					}
				},
			}
			n := 0
			l.harm(times(3, 60), func() {
				harms[n%len(harms)]()
				n++
			})
			l.settle(w)
			l.audit(fmt.Sprintf("%d kills, with jobs, %s", n, tt.name))
			l.auditJobs()
		})
	}
}

func (l *ledger) exec(statement string) {
	l.t.Helper()
	if _, err := l.db.ExecContext(l.t.Context(), statement); err != nil {
		l.t.Fatal(err)
	}
}

// settle waits until all jobs have ended. It shortens what takes longest: that the term
// of a leader who was killed ends, who would have rescued jobs.
func (l *ledger) settle(w *program) {
	l.t.Helper()
	count := func(where string) func() bool {
		return func() bool {
			var none bool
			err := l.db.QueryRowContext(l.t.Context(), "SELECT NOT EXISTS (SELECT FROM river_job WHERE "+where+")").Scan(&none)
			return err == nil && none
		}
	}
	pgtest.WaitFor(l.t, "only lost jobs are left", count(fmt.Sprintf(`finalized_at IS NULL
		AND NOT (state = 'running' AND attempted_at < now() - interval '%d ms')`, (jobTimeout+jobs.RescueMargin).Milliseconds())))
	w.stop()
	l.exec("DELETE FROM river_leader")
	w.run("works")
	pgtest.WaitFor(l.t, "all jobs have ended", count("finalized_at IS NULL"))
}

// auditJobs compares the transfers that are there with their jobs and their effects.
func (l *ledger) auditJobs() {
	l.t.Helper()
	l.wantCount("transfers without a job", 0, `SELECT count(*) FROM transfers t
		WHERE NOT EXISTS (SELECT FROM river_job j WHERE j.args->>'transfer_id' = t.id::text AND j.state = 'completed')`)
	l.wantCount("jobs without a transfer", 0, `SELECT count(*) FROM river_job j WHERE kind = 'notice_of_transfer'
		AND NOT EXISTS (SELECT FROM transfers t WHERE j.args->>'transfer_id' = t.id::text)`)
	l.wantCount("transfers without an effect, or with two", 0, `SELECT count(*) FROM (
		SELECT t.id FROM transfers t LEFT JOIN effects e ON e.transfer_id = t.id GROUP BY t.id HAVING count(e.transfer_id) <> 1) wrong`)
	l.wantCount("effects without a transfer", 0, `SELECT count(*) FROM effects e WHERE NOT EXISTS (SELECT FROM transfers t WHERE t.id = e.transfer_id)`)
	var done, again int
	if err := l.db.QueryRowContext(l.t.Context(), "SELECT count(*), coalesce(sum(attempt) - count(*), 0) FROM river_job").Scan(&done, &again); err != nil {
		l.t.Fatal(err)
	}
	l.t.Logf("%d jobs, of which %d runs were repeated", done, again)
}
