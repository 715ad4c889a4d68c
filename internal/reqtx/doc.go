// Package reqtx runs every request in one transaction and holds the answer until
// that has ended, so that an answer is a commitment: a client that reads 2xx
// finds its work durable, one that reads an error finds nothing changed, and
// nothing of an answer whose commit failed is ever read.
//
// It is the HTTP half of the request transaction; package txn is the other, and
// has what a handler may say of its transaction. Three things are of HTTP, and
// here: [Middleware], [Mode] for a route that isn't like the others, and [Stream]
// for an answer that can't be held.
//
//	r.Use(reqtx.Middleware(db, reqtx.Options{WriteError: problems.Write}))
//	r.With(reqtx.Mode(txn.Serializable)).Post("/transfers", move)
//
//	func move(w http.ResponseWriter, r *http.Request) {
//		client := ent.FromContext(r.Context()) // in this request's transaction
//		…
//	}
//
// # How the handler ends
//
// The first row that fits counts:
//
//	panic, http.ErrAbortHandler, runtime.Goexit  rollback  the panic goes on, the held answer is dropped
//	client gone, deadline passed                 rollback  nothing, or 503
//	txn.RollbackOnly                             rollback  the held answer
//	txn.CommitAnyway                             commit    the held answer, whatever its status
//	status 400 and above                         rollback  the held answer
//	any other status, an implicit 200 included   commit    the held answer, once committed
//
// # How the commit ends
//
//	done                                 the answer goes out, after-commit functions run
//	rolled back for no fault of its own  the request is run again, or 503
//	a constraint                         the error that it is anywhere else
//	no answer to COMMIT                  the server is asked: one of the above, or 503 that says that nobody knows
//
// A request that only reads, below SERIALIZABLE, is answered before its COMMIT,
// which decides nothing. The file docs/request-transaction.md has these tables in
// full.
//
// # The held answer
//
// To a handler the [http.ResponseWriter] is like any other: the first WriteHeader
// counts, a Flush and a status of 1xx do no harm. But nothing leaves, and nothing
// leads around it: there is no Unwrap and no Hijack. What is held is in memory up to
// [Options].MaxMemory, then in a temporary file up to MaxAnswer, so that a client
// that takes long to read it keeps no connection of the pool. Only what the handler
// has given free by [Stream], which commits first, isn't held.
package reqtx
