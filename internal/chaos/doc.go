// Package chaos holds no code but tests: they run the real program, break what is
// around it at the worst moments, and compare every answer that a client was given
// with the rows that are there. They print what they tried and what they found.
//
// Short versions are part of `go test ./...`; `make chaos` runs the long ones.
package chaos
