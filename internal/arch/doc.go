// Package arch holds the tests of the repository itself: imports point down, the
// service links only what it needs, files and functions stay small, the map matches the
// tree, links and identifiers in Markdown resolve, and generated code is marked as
// such.
//
// The table of imports in table_test.go is the map of the layers: to add a package, add
// a row. ships_test.go lists what the service may link.
//
// Everything is read from the files themselves. A test that ran the go command would
// get its result from the test cache, which can't see what another program reads.
package arch
