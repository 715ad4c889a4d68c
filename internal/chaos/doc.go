// Package chaos holds only tests: they break what surrounds the service at the worst
// moments, have handlers do what none should, and compare every response that a client
// got with the rows in the database. They print what they tried and what they found.
//
// Tests that need no process of the service, those of hostile handlers among them, are part
// of `go test ./...`. Tests of the built service have the tag e2e, which CI sets. `make chaos`
// runs long versions of both.
package chaos
