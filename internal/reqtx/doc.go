// Package reqtx runs every request in one transaction and holds the response until the
// transaction has ended, so that an answer is a commitment: a client that reads a 2xx
// finds its work durable, one that reads an error finds nothing changed, and no part of
// a response whose commit failed is ever sent.
//
// It is the HTTP half of the request transaction. Package txn is the database half, and
// has the functions that a handler calls. This package has what belongs to HTTP:
// [Middleware], [Mode] for a route with a mode of its own, and [Stream] for a response
// that can't be held.
//
//	r.Use(reqtx.Middleware(db, reqtx.Options{WriteError: problems.Write}))
//	r.With(reqtx.Mode(txn.Serializable)).Post("/orders", placeOrder)
//
//	func placeOrder(w http.ResponseWriter, r *http.Request) {
//		client := ent.FromContext(r.Context()) // in this request's transaction
//		…
//	}
//
// # How the handler ends
//
// The first row that fits applies:
//
//	panic, http.ErrAbortHandler, runtime.Goexit  rollback  the panic continues, the held response is dropped
//	client gone, deadline passed                 rollback  nothing, or 503
//	txn.RollbackOnly                             rollback  the held response
//	txn.CommitAnyway                             commit    the held response, whatever its status
//	status 400 and above                         rollback  the held response
//	any other status, an implicit 200 included   commit    the held response, once committed
//
// # How the commit ends
//
//	success                                        the response is sent, after-commit functions run
//	rolled back through no fault of the request's  the request is retried; 503 after the last attempt
//	a constraint is violated                       the same error as in a statement
//	no response to COMMIT                          the server is asked: one of the above, or 503 outcome-unknown
//
// A request that has only read, below SERIALIZABLE, gets its response before its
// COMMIT, which can't change the outcome. The file docs/request-transaction.md has
// these tables in full.
//
// # The held response
//
// To a handler the [http.ResponseWriter] behaves as usual: the first WriteHeader
// counts, and a Flush or a 1xx status does no harm. But nothing is sent, and there is
// no way around it: the writer has neither Unwrap nor Hijack. The response is held in
// memory up to [Options].MaxMemory, and MaxTotalMemory for all responses together, then
// in a temporary file up to MaxResponse, so that a client that reads slowly keeps neither
// a connection of the pool nor memory. Only a response for which the handler has called
// [Stream], which commits first, isn't held.
package reqtx
