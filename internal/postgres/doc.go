// Package postgres opens the pool and classifies its errors. It knows the database's
// URL, its settings, its types and its SQLSTATEs; what is sent on a connection, and
// whether a transaction was committed, is package pgtx's. It knows nothing of
// entities, requests or HTTP.
//
// # The pool
//
// [Open] returns an ordinary [database/sql.DB]. Its connections are made by a
// [pgtx.Connector], have their timeouts set as they are made, are pinged after a
// pause, and are replaced before they are old, each at a time of its own.
//
// # Types
//
// Times are UTC. Enums, domains over text and citext are text. A [uuid.UUID] is sent
// as 16 bytes, and an unsigned number that bigint can't hold is the client's error.
//
// # Errors
//
// [Constraints.Classify] turns an error of PostgreSQL, or of the way to it, into what
// a client may know of it: by SQLSTATE and the constraint's name, never by text.
package postgres
