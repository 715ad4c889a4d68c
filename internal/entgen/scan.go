package main

import (
	"errors"
	"slices"

	"entgo.io/ent/entc/gen"
)

// reused are the types into which package sqlgraph scans one row after the other.
var reused = []string{"sql.NullBool", "sql.NullFloat64", "sql.NullInt64", "sql.NullString", "sql.NullTime", "uuid.UUID"}

// checkScans finds fields that keep what they were scanned into, and would have the value
// of a later row.
func (s *schemas) checkScans(g *gen.Graph) error {
	var errs []error
	for _, n := range g.Nodes {
		for _, f := range n.Fields {
			if !f.HasValueScanner() && f.Type.ValueScanner() && f.Type.RType.IsPtr() && slices.Contains(reused, f.ScanType()) {
				errs = append(errs, s.errorAt(n, f, "has a GoType that is a pointer, which all rows of a query would share: give it "+f.ScanType()+" itself"))
			}
		}
	}
	return errors.Join(errs...)
}
