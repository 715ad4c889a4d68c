// Package schema declares the entities, by hand, one file each. Everything else below
// ent is generated from it by `go generate ./...` and never edited. Hooks, policies and
// interceptors may use generated code; declarations can't.
package schema
