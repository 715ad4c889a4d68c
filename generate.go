// Package commitment is the root of the module. It holds nothing but the one
// line that rebuilds the generated code: `go generate ./...`.
package commitment

//go:generate go run ./internal/entgen
