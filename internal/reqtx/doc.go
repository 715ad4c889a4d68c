// Package reqtx runs every request in one transaction and holds the answer until
// that has ended, so that an answer is a commitment: a client that reads 2xx
// finds its work durable, one that reads an error finds nothing changed, and
// nothing of an answer whose commit failed is ever read.
//
// It is the HTTP half of the request transaction; package txn is the other.
//
// How the handler ended decides, and the first row that fits counts:
//
//	panic, http.ErrAbortHandler, runtime.Goexit   rollback   the panic goes on, the held answer is dropped
//	client gone, deadline passed, before the end  rollback   nothing, or 503
//	txn.RollbackOnly                              rollback   the held answer
//	txn.CommitAnyway                              commit     the held answer, whatever its status
//	status 400 and above                          rollback   the held answer
//	any other status, an implicit 200 included    commit     the held answer, once committed
//
// When the commit fails the held answer is dropped, and what failed is answered.
package reqtx
