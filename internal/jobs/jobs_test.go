package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/identity"
	"commitment/internal/jobs"
	"commitment/internal/logtest"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// fixture is a database with workers.
type fixture struct {
	tenancy.DB
	owner   string // the URL of the owner of the database
	asOwner *sql.DB
	pool    *pgxpool.Pool
	log     *logtest.Buffer

	mu   sync.Mutex
	ends []string // kind and outcome of each run
}

// open returns a fixture. No worker runs yet.
func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{owner: pgtest.OwnerURL(t), log: &logtest.Buffer{}}
	log := slog.New(slog.NewTextHandler(f.log, nil))
	options := postgres.Options{URL: pgtest.AppURL(t, f.owner), MaxOpenConns: 5, MaxIdleConns: 5}
	db, err := postgres.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if f.pool, err = postgres.OpenPgx(t.Context(), options, 4); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.pool.Close)
	f.DB = tenancy.DB{DB: txn.New(db, txn.Options{Log: log}), Log: log}
	f.asOwner = pgtest.Open(t, f.owner)
	_, err = f.asOwner.ExecContext(t.Context(), "CREATE TABLE effects (n int, tenant text, subject text)")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// options are those of a runner with workers.
func (f *fixture) options(workers *river.Workers) jobs.Options {
	return jobs.Options{
		Pool: f.pool, DB: f.DB, Workers: workers, MaxWorkers: 5, Timeout: 20 * time.Second, StopTimeout: 20 * time.Second,
		Log: slog.New(slog.NewTextHandler(f.log, nil)),
		OnEnd: func(kind string, outcome jobs.Outcome, _ time.Duration) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.ends = append(f.ends, kind+" "+string(outcome))
		},
	}
}

// start runs workers until the function that it returns is called, or the test ends.
func start(t *testing.T, o jobs.Options) (stop func() error) {
	t.Helper()
	r, err := jobs.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- r.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-result
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

// effectArgs ask for a row in the database.
type effectArgs struct {
	N int `json:"n"`
}

func (effectArgs) Kind() string { return "effect" }

// effectWorker inserts a row; fail may keep it from it.
type effectWorker struct {
	river.WorkerDefaults[effectArgs]
	fail func(job *river.Job[effectArgs]) error // after the effect, in the unit of work
	late func(job *river.Job[effectArgs]) error // after the commit
}

func (w *effectWorker) Work(ctx context.Context, job *river.Job[effectArgs]) error {
	err := jobs.In(ctx, job, func(ctx context.Context) error {
		if err := insertEffect(ctx, job.Args.N); err != nil {
			return err
		}
		if w.fail != nil {
			return w.fail(job)
		}
		return nil
	})
	if err == nil && w.late != nil {
		return w.late(job)
	}
	return err
}

func (w *effectWorker) NextRetry(*river.Job[effectArgs]) time.Time { return time.Now() }

func insertEffect(ctx context.Context, n int) error {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO effects VALUES ($1, current_setting('app.tenant', true), current_setting('app.subject', true))", n)
	return err
}

func workersOf[T river.JobArgs](w river.Worker[T]) *river.Workers {
	all := river.NewWorkers()
	river.AddWorker(all, w)
	return all
}

// enqueue enqueues a job in a unit of work of its own, which ends with the error.
func (f *fixture) enqueue(t *testing.T, args river.JobArgs, end error) {
	t.Helper()
	err := f.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
		return errors.Join(jobs.Enqueue(ctx, args), end)
	})
	if !errors.Is(err, end) {
		t.Fatal(err)
	}
}

// query returns the values of a query, a row a line.
func (f *fixture) query(t *testing.T, query string, args ...any) string {
	t.Helper()
	rows, err := f.asOwner.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all += line + "\n"
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// await waits until a query returns want.
func (f *fixture) await(t *testing.T, query, want string) {
	t.Helper()
	got := ""
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		if got = f.query(t, query); got == want {
			return
		}
	}
	t.Fatalf("%s: got %q, want %q\n%s", query, got, want, f.log)
}

const (
	unfinished = "SELECT count(*) FROM river_job WHERE finalized_at IS NULL"
	effects    = "SELECT count(*) || ' of ' || count(DISTINCT n) FROM effects"
)

func TestAJobExistsIfItsTransactionIsCommitted(t *testing.T) {
	t.Parallel()
	f := open(t)
	start(t, f.options(workersOf(&effectWorker{})))
	rollBack := errors.New("roll back")
	for n := range 20 {
		f.enqueue(t, effectArgs{n}, nil)
		f.enqueue(t, effectArgs{n + 100}, rollBack)
	}
	f.await(t, unfinished, "0\n")
	f.await(t, effects, "20 of 20\n")
	f.await(t, "SELECT count(*) FROM river_job", "20\n")
}

func TestAnEffectHappensOnceHoweverOftenItsJobFails(t *testing.T) {
	t.Parallel()
	f := open(t)
	var failures atomic.Int32
	fail := func(at int32) error {
		if failures.Add(1)%at == 0 {
			return errors.New("on purpose")
		}
		return nil
	}
	start(t, f.options(workersOf(&effectWorker{
		fail: func(*river.Job[effectArgs]) error { return fail(3) },
		late: func(*river.Job[effectArgs]) error { return fail(5) },
	})))
	for n := range 40 {
		f.enqueue(t, effectArgs{n}, nil)
	}
	f.await(t, unfinished, "0\n")
	f.await(t, effects, "40 of 40\n")
	f.await(t, "SELECT count(*) FROM river_job WHERE state = 'completed'", "40\n")
}

// A job that is given to another worker, since its first one is taken for dead, has one
// effect: that of whoever commits first.
func TestAJobThatIsRunTwiceHasOneEffect(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := make(chan error, 1)
	worker := &effectWorker{}
	inFirst, goOn := make(chan struct{}), make(chan struct{})
	worker.fail = func(job *river.Job[effectArgs]) error {
		if job.Attempt == 1 {
			close(inFirst)
			<-goOn
		}
		return nil
	}
	start(t, f.options(workersOf(&tapWorker{worker, func(job *river.Job[effectArgs], err error) {
		if job.Attempt == 1 {
			first <- err
		}
	}})))
	f.enqueue(t, effectArgs{1}, nil)
	<-inFirst
	f.query(t, "UPDATE river_job SET state = 'available' RETURNING id::text") // as a rescue does
	f.await(t, "SELECT state::text FROM river_job", "completed\n")
	close(goOn)
	if err := <-first; !errors.Is(err, jobs.ErrNotRunning) {
		t.Errorf("In() of the first worker = %v, want %v", err, jobs.ErrNotRunning)
	}
	f.await(t, effects, "1 of 1\n")
}

// tapWorker tells the result of a worker.
type tapWorker struct {
	*effectWorker
	tell func(*river.Job[effectArgs], error)
}

func (w *tapWorker) Work(ctx context.Context, job *river.Job[effectArgs]) error {
	err := w.effectWorker.Work(ctx, job)
	w.tell(job, err)
	return err
}

func TestATenantAndASubjectTravelWithTheJob(t *testing.T) {
	t.Parallel()
	f := open(t)
	var ctxs sync.Map
	start(t, f.options(workersOf(&tapContextWorker{tell: func(ctx context.Context, n int) { ctxs.Store(n, ctx) }})))
	for n, name := range []string{"acme", "", "globex"} {
		tenant := identity.TenantID(name)
		sender := identity.With(t.Context(), &identity.Principal{Subject: "sender of " + name, Tenant: tenant})
		err := f.Run(sender, txn.ReadWrite, func(ctx context.Context) error {
			ctx, err := tenancy.Enter(ctx, tenant, "")
			if err != nil {
				return err
			}
			_, err = jobs.EnqueueWith(ctx, effectArgs{n}, river.InsertOpts{Metadata: []byte(`{"mine": 1}`)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	f.await(t, unfinished, "0\n")
	for n, name := range []string{"acme", "", "globex"} {
		want := ""
		if name != "" {
			want = identity.TenantID(name).String()
		}
		f.await(t, fmt.Sprintf("SELECT tenant || ' ' || subject FROM effects WHERE n = %d", n), want+" sender of "+name+"\n")
		found, _ := ctxs.Load(n)
		ctx, _ := found.(context.Context)
		if identity.Tenant(ctx) != identity.TenantID(name) || identity.From(ctx).Subject != "sender of "+name || jobs.FromContext(ctx).Kind != "effect" {
			t.Errorf("the worker's context has tenant %v and subject %q", identity.Tenant(ctx), identity.From(ctx).Subject)
		}
	}
	f.await(t, "SELECT count(*) FROM river_job WHERE metadata->>'mine' = '1'", "3\n")
}

type tapContextWorker struct {
	effectWorker
	tell func(context.Context, int)
}

func (w *tapContextWorker) Work(ctx context.Context, job *river.Job[effectArgs]) error {
	w.tell(ctx, job.Args.N)
	return w.effectWorker.Work(ctx, job)
}

func TestAUniqueJobIsUniqueInItsTenant(t *testing.T) {
	t.Parallel()
	f := open(t)
	skipped := func(tenant string) bool {
		var result *rivertype.JobInsertResult
		err := f.RunIn(t.Context(), identity.TenantID(tenant), txn.ReadWrite, func(ctx context.Context) (err error) {
			result, err = jobs.EnqueueWith(ctx, effectArgs{1}, river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return result.UniqueSkippedAsDuplicate
	}
	for _, tt := range []struct {
		tenant string
		want   bool
	}{{"acme", false}, {"acme", true}, {"globex", false}, {"", false}, {"", true}} {
		if got := skipped(tt.tenant); got != tt.want {
			t.Errorf("a unique job of tenant %q is skipped = %v, want %v", tt.tenant, got, tt.want)
		}
	}
}
