// Package postgres opens the pool and classifies its errors. It knows the database's URL,
// settings, types and SQLSTATEs. What is sent on a connection, and how a transaction
// ends, is the business of package pgtx below it. It knows nothing of entities, requests
// or HTTP.
//
// # The pool
//
// [Open] returns an ordinary [database/sql.DB], whose connections are made by a
// [pgtx.Connector]. The timeouts are set when a connection is made; it is pinged before
// use when it was idle, and replaced at an age of its own, so that not all are at once.
//
// # Types
//
// Times are UTC. Enums, citext and domains over text are text. A [uuid.UUID] is sent as 16
// bytes. An unsigned number that is out of bigint's range is the client's error.
//
// # Errors
//
// [Constraints.Classify] turns an error of PostgreSQL, or of the connection to it, into
// what a client may know of it: by SQLSTATE and constraint name, never by text.
package postgres
