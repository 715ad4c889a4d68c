package txn

import (
	"errors"

	"commitment/internal/fault"
	"commitment/internal/pgtx"
)

// Misuse of a unit of work. Each of these errors is a defect of the code that causes
// it.
var (
	// ErrNoUnit: the context carries no unit of work.
	ErrNoUnit = errors.New("txn: no unit of work in this context")
	// ErrRootClient: the root client, or a second unit of work, was used in the context
	// of a unit of work that hasn't ended.
	ErrRootClient = errors.New("txn: the root client was used inside of a unit of work: use ent.FromContext(ctx)")
	// ErrBusy: two statements at once in one unit of work, or an end while a statement
	// is running.
	ErrBusy = errors.New("txn: another statement of this unit of work is running, or its rows are open")
	// ErrEnded: a statement, a mark or another end after the end. An entity that was
	// read in the unit of work can be used further after its Unwrap.
	ErrEnded = errors.New("txn: this unit of work has ended")
	// ErrBegun: the mode or a setting was changed after the first statement.
	ErrBegun = errors.New("txn: this unit of work has begun: set modes and settings before the first statement")
	// ErrManaged: Commit or Rollback was called on the ent.Tx, or a hand-written
	// statement would have ended or changed the transaction. Return an error instead,
	// or use RollbackOnly, SetMode or Savepoint.
	ErrManaged = pgtx.ErrManaged
	// ErrLost: the transaction was ended, or its access mode changed, by hand in a way
	// that only the server could detect, or its connection is gone. Nothing of the work
	// is committed.
	ErrLost = pgtx.ErrLost
	// ErrSwallowed: the work asked for a commit, but a statement had failed, or a
	// savepoint couldn't be rolled back, and the error was ignored.
	ErrSwallowed = errors.New("txn: a statement failed and its error was ignored, so nothing was committed: return the error, or use txn.Savepoint")
	// ErrHook: a hook of the ent.Tx didn't call the next Committer, or hid its error.
	ErrHook = errors.New("txn: a hook of the ent.Tx didn't end the transaction")
	// ErrSessionVar: Ent's sql.WithVar sets a variable for the session, which the next
	// user of the pooled connection would inherit.
	ErrSessionVar = errors.New("txn: sql.WithVar would leak into the pool: use txn.Set")
)

// ErrPoolTimeout means that a unit of work waited for a connection for longer than
// Options.AcquireTimeout.
var ErrPoolTimeout = fault.New(fault.Unavailable, "busy", "the service is busy")

// ErrRowCount means that an update of [WithCommit] has changed no row, or more than one,
// and nothing was committed.
var ErrRowCount = fault.New(fault.Conflict, "", "what this request changes has changed meanwhile")

// ErrOutcomeUnknown means that the response to COMMIT was lost, and that it couldn't be
// determined in time whether the unit of work was committed.
var ErrOutcomeUnknown = fault.New(fault.Unknown, "", "it is not known whether this request took effect")
