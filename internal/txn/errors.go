package txn

import (
	"errors"

	"commitment/internal/fault"
	"commitment/internal/pgtx"
)

// What can't be done with a unit of work. Each is a defect of the code that
// tries it.
var (
	// ErrNone: the context carries no unit of work.
	ErrNone = errors.New("txn: no unit of work in this context")
	// ErrRootClient: the root client, or a second unit of work, was used in the
	// context of a unit of work that hasn't ended.
	ErrRootClient = errors.New("txn: the root client can't be used inside a unit of work: take the client from the context")
	// ErrBusy: two statements at once in one unit of work, or an end while a
	// statement is running.
	ErrBusy = errors.New("txn: a unit of work runs one statement at a time")
	// ErrEnded: a statement, a mark or an end after the end. An entity that was
	// read in the unit of work goes on after its Unwrap.
	ErrEnded = errors.New("txn: this unit of work has ended")
	// ErrBegun: the mode or a setting was to be changed after the first statement.
	ErrBegun = errors.New("txn: this unit of work has begun: its mode is set before the first statement")
	// ErrManaged: Commit or Rollback was called on the ent.Tx, or a statement was
	// written by hand that would end or change the transaction. Return an error, or
	// use RollbackOnly, SetMode or Savepoint.
	ErrManaged = pgtx.ErrManaged
	// ErrLost: the transaction was ended, or its access mode changed, by hand in a way
	// that only the server could tell of, or its connection is gone. Nothing of the
	// work is committed.
	ErrLost = pgtx.ErrLost
	// ErrSwallowed: the work was to be committed, but a statement had failed, or a
	// savepoint could not be undone, and the error was ignored.
	ErrSwallowed = errors.New("txn: a statement failed and its error was ignored: nothing was committed")
	// ErrHook: a hook of the ent.Tx didn't get to the COMMIT, or kept its error for
	// itself.
	ErrHook = errors.New("txn: a hook of the ent.Tx didn't get to the end of the transaction")
	// ErrSessionVar: Ent's sql.WithVar sets a variable for the session, which
	// the next user of the pooled connection would inherit.
	ErrSessionVar = errors.New("txn: sql.WithVar leaks into the pool: use txn.Set instead")
)

// ErrPoolTimeout is the answer to a unit of work that waited for a connection
// longer than Options.AcquireTimeout.
var ErrPoolTimeout = fault.New(fault.Unavailable, "busy", "the service is busy")

// ErrOutcomeUnknown is the answer to a unit of work whose COMMIT got no answer, and
// of which nobody could tell in time whether it is done.
var ErrOutcomeUnknown = fault.New(fault.Unknown, "", "it is not known whether this request took effect")
