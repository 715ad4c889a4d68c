// Package chaos holds only tests: they break what surrounds the service at the worst
// moments, have handlers do what none should, and compare every response that a client
// got with the rows in the database. They print what they tried and what they found.
//
// Hostile handlers, which need no process of their own, are part of `go test ./...`. Tests
// of the built service have the tag e2e, which CI sets; `make chaos` runs their long versions.
package chaos
