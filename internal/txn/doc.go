// Package txn decides when a transaction begins and ends. Its unit of work is
// an [ent.Tx] that is begun lazily, by its first statement, and ended by whoever
// made it: package reqtx for a request, [DB.Run] for everything else. It knows
// nothing of HTTP.
//
// A unit of work rides in the context. Code that works within it takes the
// client from there, and has four things to say:
//
//	client := ent.FromContext(ctx)    // or ent.TxFromContext(ctx) for the ent.Tx
//	txn.RollbackOnly(ctx)             // undo everything, whatever the answer
//	txn.CommitAnyway(ctx)             // keep everything, whatever the answer
//	txn.AfterCommit(ctx, send)        // do this once the work is durable
//
// What is not possible is an error with a name, never a hang and never a lie:
// using the root client inside a unit of work ([ErrRootClient], which would need
// a second connection and deadlock a busy pool), two statements at once
// ([ErrBusy]), a statement after the end ([ErrEnded]), ending the transaction by
// hand ([ErrManaged]).
//
// Statements run on the context they are given, so a client that goes away
// cancels the statement it waits for; the transaction itself lives on a context
// that nobody cancels, and is rolled back explicitly, so that a cancellation
// costs no connection.
package txn
