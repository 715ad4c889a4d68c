// Package arch holds the tests of the repository itself: that imports point
// down, that the service links only what it needs, that files and functions stay
// small, that the documentation's map is the tree, that its links resolve and its identifiers
// exist, and that generated code can be told from code written by hand.
//
// The table of imports in table_test.go is the map of the layers: who adds a
// package gives it a row there. ships_test.go lists what the service may link.
//
// Everything is read from the files. A test that asked the go tool would be
// answered from the test cache, because the cache can't see what another
// program reads; what a test opens itself, it sees.
package arch
