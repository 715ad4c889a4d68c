// Package project makes a project of a team's own from the foundation's tree: it renames
// what carries the foundation's name, leaves the example out, adds a first entity, and
// runs the generator in the result. Later it brings the project's core up to date.
//
// What belongs to the example is listed in example.go. Everything else is the core, which
// every project has; a project without the example must build and pass its tests.
package project
