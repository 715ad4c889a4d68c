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
	"commitment/internal/pgtx"
)

// Modes of a unit of work.
var (
	// ReadOnly is one moment of the database, and can't write.
	ReadOnly = sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	// ReadWrite sees, in each statement, what is committed when it begins.
	ReadWrite = sql.TxOptions{Isolation: sql.LevelReadCommitted}
	// Serializable behaves as if units of work ran one after the other; those that
	// can't are run again.
	Serializable = sql.TxOptions{Isolation: sql.LevelSerializable}
)

// Options configure a DB.
type Options struct {
	// AcquireTimeout bounds the wait for a connection, dialing included: past it
	// the unit of work fails with ErrPoolTimeout. Zero waits as long as the
	// statement's context lasts.
	AcquireTimeout time.Duration
	// EndTimeout bounds COMMIT and ROLLBACK each. Defaults to 10 seconds.
	EndTimeout time.Duration
	// OutcomeTimeout bounds the search for the outcome of a COMMIT that got no
	// answer. Defaults to 10 seconds.
	OutcomeTimeout time.Duration
	// MaxAttempts is how many times work is done that PostgreSQL rolled back for
	// no fault of its own, the first time included. Defaults to 3.
	MaxAttempts int
	// AfterCommitTimeout bounds each after-commit function. Defaults to 30 seconds.
	AfterCommitTimeout time.Duration
	// Log gets what can't be answered: a failed rollback, the error of an
	// after-commit function. Defaults to slog.Default().
	Log *slog.Logger
	// OnEnd is told of each unit of work that reached the database how it ended.
	// Nil tells nobody.
	OnEnd func(outcome pgtx.Outcome, readOnly bool)
	// OnRetry is told of each time that work is run again. Nil tells nobody.
	OnRetry func()
	// OnAfterCommitError is told of each after-commit function that failed. Nil
	// tells nobody.
	OnAfterCommitError func()
}

// DB makes units of work on a pool. It is safe for concurrent use.
type DB struct {
	pool   *sql.DB
	client *ent.Client
	o      Options
	after  sync.WaitGroup // the after-commit functions that are running
}

// New returns a DB on pool. The pool stays an ordinary [sql.DB], and the
// caller's to close.
func New(pool *sql.DB, o Options) *DB {
	o.EndTimeout = cmp.Or(o.EndTimeout, 10*time.Second)
	o.OutcomeTimeout = cmp.Or(o.OutcomeTimeout, 10*time.Second)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 3)
	o.AfterCommitTimeout = cmp.Or(o.AfterCommitTimeout, 30*time.Second)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	db := &DB{pool: pool, o: o}
	db.client = ent.NewClient(ent.Driver(&driver{entsql.OpenDB(dialect.Postgres, pool), db}))
	return db
}

// Client is the root client: each of its operations is a transaction of its
// own. It can't be used in the context of a unit of work until that has ended.
// Hooks and interceptors that are added to it work in every unit of work, too.
func (db *DB) Client() *ent.Client { return db.client }

// Begin makes a unit of work and returns a context that carries it, its
// [ent.Tx] and its [ent.Client]. Nothing is sent to PostgreSQL, and no connection
// is taken, before the first statement. The caller ends it with Commit or Rollback,
// and in any case defers a Close. Attempt counts, from 1, how often the work has
// been begun.
//
// It is for whoever has more to decide than an error says, as package reqtx does;
// everything else uses [DB.Run]. It returns ErrRootClient when ctx carries a unit of
// work that hasn't ended.
func (db *DB) Begin(ctx context.Context, mode sql.TxOptions, attempt int) (context.Context, *Unit, error) {
	if err := outside(ctx); err != nil {
		return nil, nil, err
	}
	u := &Unit{db: db, attempt: attempt}
	u.lazy.begin(db, mode)
	ctx, u.cancel = context.WithCancel(ctx)
	u.ctx = &unitContext{ctx, u}
	return u.ctx, u, nil
}

// Run runs work in one unit of work, outside of HTTP: in a job, a command, a
// test. It commits when work returns nil and rolls back when it returns an
// error, panics, or is marked [RollbackOnly]; it returns after the after-commit
// functions have run. Work that PostgreSQL rolled back for no fault of its own is
// run again from the start, so it must not change anything but the database. The
// error is work's own, or why the work was not committed; only after
// [ErrOutcomeUnknown] it may have been.
func (db *DB) Run(ctx context.Context, mode sql.TxOptions, work func(ctx context.Context) error) error {
	for attempt := 1; ; attempt++ {
		u, err := db.runOnce(ctx, mode, attempt, work)
		if err == nil || u == nil || !db.Retry(ctx, u) {
			return err
		}
	}
}

func (db *DB) runOnce(ctx context.Context, mode sql.TxOptions, attempt int, work func(context.Context) error) (*Unit, error) {
	ctx, u, err := db.Begin(ctx, mode, attempt)
	if err != nil {
		return nil, err
	}
	defer u.Close() // covers a panic, too
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
	u.runAfterCommit()
	return u, workErr
}

// Wait returns when the after-commit functions that are running are done, or
// ctx is.
func (db *DB) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.after.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
