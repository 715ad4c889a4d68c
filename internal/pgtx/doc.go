// Package pgtx runs a transaction on a connection of pgx: it sends BEGIN together with
// the first statement, follows the protocol to know whether the transaction is still
// open, and finds out how it ended. It is the engine below package txn, which decides
// when to commit. It knows nothing of entities, requests or settings of a service.
//
// The border: a [Connector] makes the connections of a [database/sql.DB], package
// postgres configures it, and [NewTx] makes a transaction on one of them. [Tx.State],
// [CommitOutcome], [AskOutcome], [IsConnectionError] and [IsRetryable] say what
// happened. Statements are run on the [database/sql.Conn] itself.
//
// # BEGIN without a round trip
//
// [NewTx] sends nothing. In front of the connection's first statement, by whichever of
// its methods, go BEGIN, the [Setting]s and the query for the transaction's id, and the
// responses to them are taken away before pgx sees them. So statements are run as pgx
// always runs them: in the same way, with the same types, through the same cache.
//
// # What is said on a connection
//
// Each connection watches what is sent and received. [Tx.State] says where a transaction
// stands by the server's word: BEGIN counts once it was answered, a COMMIT that isn't
// its maker's loses it. What its sender could end it by is refused, see [ErrManaged].
// A session in which something may have been left, by a SET, a lock, a temporary table,
// is reset behind COMMIT or ROLLBACK, in the same message, or before its next use; one
// that can't be reset is dropped. A statement whose context ends is canceled on the
// server, so that the connection is kept.
//
// # Errors
//
// [IsConnectionError] and [IsRetryable] go by SQLSTATE, never by text. Errors of the
// network and of connects are marked where they arise, see [ConnectionError], so a
// handler's own io.EOF or timeout isn't taken for one.
//
// # Outcomes
//
// [CommitOutcome] says what COMMIT's error proves: often nothing. Then [AskOutcome]
// asks the server, on another connection, by the [XID] that [Tx.XID] has noted. An id
// alone isn't enough: a promoted replica gives the same ids to other work, and so
// does a server after a crash. The [Origin] that each connection reads as it is made
// tells these apart, and what can't be told is [Unknown]. A COMMIT is given up when
// its context ends, but never canceled.
package pgtx
