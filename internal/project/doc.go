// Package project makes a team's own project from the foundation's tree: it replaces
// the foundation's name, removes the example, adds a first entity, and runs the
// generator in the result. Later it upgrades the project's core.
//
// example.go lists what belongs to the example. Everything else is the core, which
// every project has; a project without the example must build and pass its tests.
package project
