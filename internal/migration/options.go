package migration

import (
	"cmp"
	"log/slog"
	"time"
)

// ApplyOptions configure [Apply]. The zero value works.
type ApplyOptions struct {
	// Log reports every file that was applied, every wait and who is waited for,
	// what was repaired, and how far an index is built. Defaults to nothing
	// being logged.
	Log *slog.Logger
	// LockTimeout bounds the wait for another instance that is migrating the
	// same database; [ErrLocked] follows. Defaults to as long as the context.
	LockTimeout time.Duration
	// TableLockTimeout is PostgreSQL's lock_timeout, because whoever comes to a
	// table queues up behind a statement that waits for a lock on it. A file in
	// a transaction is then rolled back, which frees its locks, and tried again;
	// in one without, it is the statement. What says CONCURRENTLY has none: in
	// its way is nobody. Defaults to 2 seconds.
	TableLockTimeout time.Duration
	// TableLockWait bounds the time of all tries to get those locks; a
	// [BlockedError] follows. Defaults to 5 minutes.
	TableLockWait time.Duration
	// StatementTimeout is PostgreSQL's statement_timeout for what changes the
	// schema, since others wait as long as it runs. What changes rows, validates
	// a constraint or says CONCURRENTLY has none. Defaults to 15 minutes.
	StatementTimeout time.Duration
	// AllowDrift goes on when the schema isn't as the newest migration left it.
	// Defaults to a [DriftError].
	AllowDrift bool
}

func (o ApplyOptions) withDefaults() ApplyOptions {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.TableLockTimeout = cmp.Or(o.TableLockTimeout, 2*time.Second)
	o.TableLockWait = cmp.Or(o.TableLockWait, 5*time.Minute)
	o.StatementTimeout = cmp.Or(o.StatementTimeout, 15*time.Minute)
	return o
}

// limits are lock_timeout and statement_timeout; zero is none.
type limits struct{ lock, statement time.Duration }

func (o ApplyOptions) limits(c class) limits {
	switch c {
	case concurrent:
		return limits{}
	case data, weak:
		return limits{lock: o.TableLockTimeout}
	case strong, control:
	}
	return limits{lock: o.TableLockTimeout, statement: o.StatementTimeout}
}
