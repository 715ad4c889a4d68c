package revert

import "commitment/internal/migration/catalog"

// Described is what a state consists of, with comments, privileges and options.
func (s State) Described() []catalog.Object {
	return append(s.Objects(), catalog.PropertyObjects(s.properties)...)
}
