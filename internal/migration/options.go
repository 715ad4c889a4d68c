package migration

import (
	"cmp"
	"log/slog"
	"time"
)

// ApplyOptions configure [Apply]. The zero value works.
type ApplyOptions struct {
	// Log reports every applied file, every wait and whom it is for, every repair, and
	// the progress of building an index. Defaults to no logging.
	Log *slog.Logger
	// LockTimeout limits the wait for another instance that is migrating the same
	// database; then Apply returns [ErrLocked]. Defaults to as long as the context.
	LockTimeout time.Duration
	// TableLockTimeout is PostgreSQL's lock_timeout, because queries queue up behind a
	// statement that waits for a lock. When it expires, a file in a transaction is
	// rolled back, which releases its locks, and retried; in a file without one, the
	// statement is retried. CONCURRENTLY has no lock timeout, because nobody queues
	// behind it. Defaults to 2 seconds.
	TableLockTimeout time.Duration
	// TableLockWait limits the time of all tries together; then Apply returns a
	// [BlockedError]. Defaults to 5 minutes.
	TableLockWait time.Duration
	// StatementTimeout is PostgreSQL's statement_timeout for statements that change the
	// schema, because others wait as long as they run. Statements that change rows,
	// validate a constraint or say CONCURRENTLY have none. Defaults to 15 minutes.
	StatementTimeout time.Duration
	// Phase limits what is applied to the files of one phase, except that [Expand] on a
	// database without migrations applies everything. A pending file that contracts is
	// passed over by Expand, and is applied later by the phase [Contract] or without one.
	// Defaults to both phases, in the order of the versions.
	Phase Phase
	// To is the version of the last file that may be applied. Defaults to no limit.
	To string
	// AllowDrift applies even if the schema has changed since the newest migration.
	// Defaults to returning a [DriftError].
	AllowDrift bool
	// Exclude are patterns of objects that something else makes, as [path.Match] reads
	// them: a table or another object by name, or a part of a table as table.part. Each
	// may begin with the schema's name. They aren't drift, and may be there before the
	// first migration. Defaults to none.
	Exclude []string
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
