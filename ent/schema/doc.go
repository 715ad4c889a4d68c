// Package schema declares the entities: BY HAND, one file each. Everything else
// below ent is generated from here by `go generate ./...` and is never edited. Hooks,
// policies and interceptors may use what is generated; declarations can't.
package schema
