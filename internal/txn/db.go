package txn

import (
	"cmp"
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent"
	"commitment/internal/levers"
	"commitment/internal/pgtx"
	"commitment/internal/replicas"
)

// Modes of a unit of work.
var (
	// ReadOnly reads one snapshot of the database, and can't write.
	ReadOnly = sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	// ReadWrite sees, in each statement, what was committed before it.
	ReadWrite = sql.TxOptions{Isolation: sql.LevelReadCommitted}
	// Serializable behaves as if units of work ran one after the other; one that can't
	// is rolled back and retried.
	Serializable = sql.TxOptions{Isolation: sql.LevelSerializable}
)

// Options configure a DB.
type Options struct {
	// AcquireTimeout limits the wait for a connection, including the time to open one:
	// past it the unit of work fails with ErrPoolTimeout. Zero waits as long as the
	// statement's context allows.
	AcquireTimeout time.Duration
	// EndTimeout limits COMMIT, with the writes of [WithCommit], and ROLLBACK, each by
	// itself. Defaults to 10 seconds.
	EndTimeout time.Duration
	// CommitReadsAtOnce sends the COMMIT of a unit that has only read at once, in the
	// background. By default it is sent in front of the next BEGIN on the connection, or a
	// few milliseconds later.
	CommitReadsAtOnce bool
	// OutcomeTimeout limits the search for the outcome of a COMMIT whose response was
	// lost. Defaults to 10 seconds.
	OutcomeTimeout time.Duration
	// MaxAttempts is how often work is attempted, the first time included, when
	// PostgreSQL rolls it back through no fault of its own. Defaults to 3.
	MaxAttempts int
	// AfterCommitTimeout limits each after-commit function. Defaults to 30 seconds.
	AfterCommitTimeout time.Duration
	// EagerWrites makes [WithCommit] send its writes at once. Defaults to false.
	EagerWrites bool
	// Log receives what no caller is told: a failed rollback, the error of an
	// after-commit function. Defaults to slog.Default().
	Log *slog.Logger
	// Replicas serve units of work that [After] allows it. May be nil: there are none.
	Replicas *replicas.Set
	// Patience is how long a unit waits for a replica that is behind, before it goes to
	// the primary. Defaults to none.
	Patience time.Duration
	// OnRead is called with the target of each unit that a replica might have served,
	// and why the primary did. May be nil.
	OnRead func(target, reason string)
	// OnEnd is called with the outcome of each unit of work that reached the database.
	// May be nil.
	OnEnd func(outcome pgtx.Outcome, readOnly bool)
	// OnRetry is called before each retry. May be nil.
	OnRetry func()
	// OnAfterCommitError is called for each after-commit function that failed. May be
	// nil.
	OnAfterCommitError func()
	// Tracer follows the units of work. May be nil.
	Tracer Tracer
}

// DB begins units of work on a pool. It is safe for concurrent use.
type DB struct {
	pool       *sql.DB
	client     *ent.Client
	options    Options
	turns      map[*sql.DB]*turns // of the pools
	background sync.WaitGroup     // what Wait waits for
}

// New returns a DB on pool. The pool remains an ordinary [sql.DB], which the caller
// closes.
func New(pool *sql.DB, o Options) *DB {
	o.EndTimeout = cmp.Or(o.EndTimeout, 10*time.Second)
	o.OutcomeTimeout = cmp.Or(o.OutcomeTimeout, 10*time.Second)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 3)
	o.AfterCommitTimeout = cmp.Or(o.AfterCommitTimeout, 30*time.Second)
	o.CommitReadsAtOnce = o.CommitReadsAtOnce || !levers.ParkedCommits
	o.EagerWrites = o.EagerWrites || !levers.WaitingWrites
	if o.Log == nil {
		o.Log = slog.Default()
	}
	db := &DB{pool: pool, options: o, turns: map[*sql.DB]*turns{pool: newTurns(pool)}}
	if o.Replicas != nil {
		for _, replica := range o.Replicas.Pools() {
			db.turns[replica] = newTurns(replica)
		}
	}
	db.client = ent.NewClient(ent.Driver(&driver{entsql.OpenDB(dialect.Postgres, pool), db}))
	return db
}

// Client returns the root client: each of its operations is a transaction of its own.
// It can't be used in the context of a unit of work until that has ended. Hooks and
// interceptors added to it apply to every unit of work, too.
func (db *DB) Client() *ent.Client { return db.client }

// Begin returns a unit of work, and a context that carries it, its [ent.Tx] and its
// [ent.Client]. It takes no connection and sends nothing to PostgreSQL: the first
// statement does. The caller ends the unit with Commit or Rollback, and always defers a
// Close. Attempt counts the attempts at the work, from 1. It is for callers whose
// decision to commit depends on more than an error, such as package reqtx; all others
// use [DB.Run]. It returns ErrRootClient if ctx carries a unit of work that hasn't
// ended.
func (db *DB) Begin(ctx context.Context, mode sql.TxOptions, attempt int) (context.Context, *Unit, error) {
	if err := rejectNested(ctx); err != nil {
		return nil, nil, err
	}
	u := &Unit{db: db, attempt: attempt}
	if db.options.Tracer != nil {
		ctx, u.traceEnd = db.options.Tracer.Attempt(ctx, attempt)
	}
	u.ctx.begin(ctx, u)
	u.detached = detached{&u.ctx}
	u.lazy.begin(db, &u.detached, mode, attempt)
	return &u.ctx, u, nil
}

// Run runs work in a unit of work outside of HTTP: in a job, a command, a test. It
// commits if work returns nil, and rolls back if work returns an error, panics, or
// marks the unit [RollbackOnly]. It returns once the after-commit functions have run.
// Work that PostgreSQL rolls back through no fault of its own is retried from the
// start, so it must not change anything but the database. The error is work's own, or
// says why the work wasn't committed; only after [ErrOutcomeUnknown] it may have been.
func (db *DB) Run(ctx context.Context, mode sql.TxOptions, work func(ctx context.Context) error) error {
	for attempt := 1; ; attempt++ {
		u, err := db.runOnce(ctx, mode, attempt, work)
		if err == nil || u == nil || !db.PrepareRetry(ctx, u) {
			return err
		}
	}
}

func (db *DB) runOnce(ctx context.Context, mode sql.TxOptions, attempt int, work func(context.Context) error) (*Unit, error) {
	ctx, u, err := db.Begin(ctx, mode, attempt)
	if err != nil {
		return nil, err
	}
	defer u.Close() // for a panic
	workErr := work(ctx)
	if err := ctx.Err(); err != nil && workErr == nil {
		workErr = err
	}
	if !u.Decide(workErr == nil) {
		u.Rollback()
		return u, workErr
	}
	if err := u.Commit(); err != nil {
		return u, err
	}
	u.runAfterCommit(u.takeAfterCommit())
	return u, workErr
}

// Wait waits for the after-commit functions that are running, or until ctx ends.
func (db *DB) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.background.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
