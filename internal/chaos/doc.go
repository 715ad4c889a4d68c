// Package chaos holds only tests: they break what surrounds the service at the worst
// moments, have handlers do what none should, and compare every response that a client
// got with the rows in the database. They print what they tried and what they found.
//
// Short versions are part of `go test ./...`; `make chaos` runs the long ones.
package chaos
