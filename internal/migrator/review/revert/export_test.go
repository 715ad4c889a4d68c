package revert

import "commitment/internal/migration/catalog"

// Described is what a state consists of, with comments, privileges and options.
func (s State) Described() []catalog.Object {
	return append(s.Objects(), catalog.PropertyObjects(s.properties)...)
}

// Undoable reports whether a revert of the file is tried on the database itself.
func (a Applied) Undoable() bool { return a.undoable() }
