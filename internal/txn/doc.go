// Package txn decides when a transaction begins and ends. Its unit of work is
// an [ent.Tx] that is begun lazily, by its first statement, and ended by whoever
// made it: package reqtx for a request, [DB.Run] for everything else. It knows
// nothing of HTTP.
//
// Outside of a request, in a job, a command or a test, a unit of work is
//
//	err := db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
//		return ent.FromContext(ctx).Account.UpdateOneID(id).SetName(name).Exec(ctx)
//	})
//
// A unit of work rides in the context. Code that works within it takes the client
// from there, and has a few things to say:
//
//	client := ent.FromContext(ctx)          // or ent.TxFromContext(ctx) for the ent.Tx
//
//	txn.SetMode(ctx, txn.Serializable)      // before the first statement
//	txn.Set(ctx, "statement_timeout", "1s") // likewise; for this unit alone
//	txn.Savepoint(ctx, part)                // part may fail and be undone alone
//	txn.RollbackOnly(ctx)                   // undo everything, whatever the answer
//	txn.CommitAnyway(ctx)                   // keep everything, whatever the answer
//	txn.AfterCommit(ctx, send)              // do this once the work is durable
//	txn.Attempt(ctx)                        // 1, or more where the work is run again
//	txn.SQLFromContext(ctx)                 // for libraries that want database/sql or pgx
//
// # Round trips
//
// BEGIN, its mode, the settings and, for work that writes, the request for the
// transaction's id travel with the first statement: k statements take k round trips
// and one for COMMIT. A unit without a statement takes none, and no connection. The
// answer to work that has only read needn't wait for COMMIT; see
// [Unit.AnswerFirst].
//
// # Ends
//
// A COMMIT that got no answer is not guessed about: a new connection is asked how
// the transaction ended, by its id. What was rolled back for no fault of its own (a
// serialization failure, a deadlock, a lost connection) is run again from the
// start, a few times. When nobody can tell, the error is [ErrOutcomeUnknown], and
// the work is not run again.
//
// Statements run on the context that they are given, so a client that goes away
// cancels the statement it waits for; COMMIT and ROLLBACK run on one that nobody
// cancels, so that a cancellation costs no connection. They are bounded by
// [Options].EndTimeout, and a COMMIT that takes longer counts as one without an
// answer: it isn't canceled.
//
// A statement runs only in the transaction that was begun, by the server's word: one
// that was ended by hand, or has changed its access mode, is lost, and nothing of it is
// committed. Whoever is still in a statement at the end has a second to get out of
// it, before the session is cut; hooks of the ent.Tx have the end timeout.
//
// # Errors with a name
//
// What isn't possible is an error with a name, never a hang and never a lie: using
// the root client inside a unit of work ([ErrRootClient], for it would need a second
// connection and deadlock a busy pool), two statements at once ([ErrBusy]), a
// statement after the end ([ErrEnded]), a mode after the first statement
// ([ErrBegun]), ending the transaction by hand ([ErrManaged], and [ErrLost] where only
// the server could tell), success after an error that was ignored, by the work
// ([ErrSwallowed]) or by a hook ([ErrHook]).
package txn
