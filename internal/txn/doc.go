// Package txn decides when a transaction begins and ends. Its unit of work is an
// [ent.Tx] that begins with its first statement and is ended by its maker: package
// reqtx for a request, [DB.Run] for everything else. It knows nothing of HTTP.
//
// Outside of a request, in a job, a command or a test, a unit of work is
//
//	err := db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
//		return ent.FromContext(ctx).Product.UpdateOneID(id).SetName(name).Exec(ctx)
//	})
//
// The context carries the unit of work. Code inside of it takes the client from the
// context, and may call these functions:
//
//	client := ent.FromContext(ctx)          // or ent.TxFromContext(ctx) for the ent.Tx
//
//	txn.SetMode(ctx, txn.Serializable)      // before the first statement
//	txn.Set(ctx, "statement_timeout", "1s") // likewise; for this unit alone
//	txn.Savepoint(ctx, part)                // part may fail and be rolled back alone
//	txn.Together(ctx, one, two)             // their writes take one round trip
//	txn.WithCommit(ctx, writes)             // its writes are sent together with COMMIT
//	txn.RollbackOnly(ctx)                   // roll everything back, whatever the response
//	txn.CommitAnyway(ctx)                   // commit everything, whatever the response
//	txn.AfterCommit(ctx, send)              // do this once the work is durable
//	txn.Attempt(ctx)                        // 1, or more in a retry
//	txn.SQLFromContext(ctx)                 // for code that needs database/sql or pgx
//
// # Round trips
//
// BEGIN, its mode, the settings and, for a unit that may write, the query for the
// transaction's id travel with the first statement: k statements take k round trips,
// plus one for COMMIT. [Together] sends several of them in one, and [WithCommit] sends
// them with COMMIT. A unit without a statement takes neither a round trip nor a
// connection. Nobody waits for the COMMIT of work that has only read: it travels with the
// next BEGIN on its connection where that is safe, or else follows the response; see
// [Unit.CommitInBackground] and [Options].CommitReadsAtOnce.
//
// # How a unit of work ends
//
// When the response to a COMMIT is lost, package txn doesn't guess: it asks the server
// on another connection, by the transaction's id, how the transaction ended. Work that
// was rolled back through no fault of its own (a serialization failure, a deadlock, a
// lost connection) is retried from the start, a few times. When the outcome can't be
// determined, the error is [ErrOutcomeUnknown], and the work is not retried.
//
// Statements run on the context that they are given, so a client that disconnects
// cancels the statement it waits for. COMMIT and ROLLBACK run on a context that no
// client can cancel, because a cancellation would cost the connection.
// [Options].EndTimeout limits them; a COMMIT that takes longer counts as one whose
// response was lost: it isn't canceled.
//
// A statement runs only in the transaction that was begun, according to the server's
// own status. One that was ended by hand, or whose access mode was changed, is lost,
// and nothing of it is committed. A goroutine that is still in a statement when the
// unit ends has a second to leave it before the session is cut; hooks of the ent.Tx
// have the end timeout.
//
// # Named errors
//
// Misuse returns a named error; it neither hangs nor passes unnoticed: using the root
// client inside of a unit of work ([ErrRootClient]: it would need a second connection,
// and so deadlock a busy pool), two statements at once ([ErrBusy]), a statement after
// the end ([ErrEnded]), a mode after the first statement ([ErrBegun]), ending the
// transaction by hand ([ErrManaged], or [ErrLost] where only the server could tell),
// committing after an error was ignored by the work ([ErrSwallowed]) or by a hook
// ([ErrHook]).
package txn
