// Package pgtx runs transactions on the connections of pgx. It sends BEGIN together with
// the first statement, follows the protocol to know the state of the transaction and of
// the session, and finds out how a COMMIT has ended. It is the engine below package txn,
// which decides when to commit. It knows nothing of entities, requests or settings.
//
// The border: a [Connector] makes the connections of a [database/sql.DB], configured by
// package postgres. [NewTx] makes a transaction on one of them, whose statements are run
// on the [database/sql.Conn] itself. [Tx.State], [CommitOutcome], [AskOutcome],
// [IsConnectionError] and [IsRetryable] tell what has happened.
//
// # BEGIN without a round trip
//
// [NewTx] sends nothing. BEGIN, the [Setting]s and the query for the transaction's id are
// sent in front of the connection's first statement, whichever method runs it, and the
// responses to them are hidden from pgx. So pgx runs every statement as it always does:
// with the same messages, types and statement cache.
//
// # COMMIT without a round trip
//
// [Tx.Park] ends a transaction that has only read, and sends nothing: its COMMIT is sent in
// front of the connection's next BEGIN, whose statements it precedes in one flight, or by a
// timer. Anything else that is sent on the connection waits for it, so that nothing runs in
// the parked transaction. Its failure is a connection error of the first statement behind
// it, which hasn't run.
//
// # The state of the transaction
//
// Every message on the connection is inspected. The server has the last word: BEGIN
// counts when it is confirmed, and [Tx.State] is the status of the last ReadyForQuery.
// Transaction control statements are refused with [ErrManaged]; if one gets through, in
// a function or a CALL, its command tag tells, and the state is [StateLost].
//
// # The state of the session
//
// A session in which a SET, a lock or a temporary table may have been left is reset in the
// same message as COMMIT or ROLLBACK, or before its next use. If it can't be reset, the
// pool drops the connection. A statement whose context ends is canceled on the server, so
// that the connection can be kept.
//
// # Errors
//
// Errors of the network and of connects are wrapped in a [ConnectionError] where they
// arise, so that a handler's own io.EOF or timeout isn't mistaken for one. Everything else
// goes by SQLSTATE, never by text.
//
// # Outcomes
//
// [CommitOutcome] returns what COMMIT's error proves, which often is nothing. Then
// [AskOutcome] asks the server, on another connection, for the status of the [XID]. The
// id alone isn't enough: a promoted replica assigns the same ids to other work, and so
// does a server after a crash. The [Origin] that each connection reads when it is made
// tells these apart, and the outcome is [Unknown] if it can't be told. A COMMIT is given
// up when its context ends, but never canceled.
package pgtx
