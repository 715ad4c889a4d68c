// Package chaos holds no code but tests: they break what is around the service at the
// worst moments, have handlers do what none should, and compare every response that a
// client was given with the rows that are there. They print what they tried and what they
// found.
//
// Short versions are part of `go test ./...`; `make chaos` runs the long ones.
package chaos
