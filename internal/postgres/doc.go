// Package postgres is where the service meets PostgreSQL: it opens the pgx-backed
// [sql.DB], echoes its statements, sorts its errors by SQLSTATE, and says how a
// COMMIT ended. It knows nothing of entities, transactions of a request, or HTTP.
//
// # The pool
//
// [Open] returns an ordinary [sql.DB], for whoever wants one. Its connections are
// told their timeouts as they are made, are pinged after a pause, and are replaced
// before they are old, each at a time of its own. A statement whose context ends is
// canceled on the server, so that the connection is kept.
//
// # BEGIN without a round trip
//
// [NewTx] makes a transaction on a connection of that pool. Nothing is sent until the
// connection's first statement, by whichever of its methods; then BEGIN, the
// [Setting]s and the request for the transaction's id go in front of it, and their
// answers are taken away before pgx sees them. So statements are run as pgx always
// runs them: in the same way, with the same types, through the same cache.
//
// # What is said on a connection
//
// Each connection watches what is sent and answered. [Tx.State] says where a transaction
// stands by the server's word: BEGIN counts once it was answered, a COMMIT that isn't
// its maker's loses it. What its sender could end it by is refused, see [ErrManaged].
// A session in which something may have been left, by a SET, a lock, a temporary table,
// is reset behind COMMIT or ROLLBACK, in the same message, or before its next use; one
// that can't be reset is dropped.
//
// # Errors
//
// [Constraints.Sort] makes of an error what a client may know of it, and
// [IsRetryable] says whether the same work may succeed when it is done again. Both
// go by SQLSTATE, never by text. Errors of the network and of connects are marked
// where they arise, so a handler's own io.EOF or timeout isn't taken for one.
//
// # Outcomes
//
// [CommitOutcome] says what COMMIT's error proves: often nothing. Then [AskOutcome]
// asks the server, on another connection, by the [XID] that [Tx.XID] has noted. An id
// alone isn't enough: a promoted replica gives the same ids to other work, and so
// does a server after a crash. The [Origin] that each connection reads as it is made
// tells these apart, and what can't be told is [Unknown]. A COMMIT is given up when
// its context ends, but never canceled.
package postgres
