package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// Property is something that an object has or lacks, and that a statement of its own
// sets: a comment, a privilege, a storage parameter, its place among partitions.
type Property struct {
	Kind Kind
	// Table is the table, view or sequence that has it, or empty.
	Table string
	// Name identifies it within the schema: "SELECT ON TABLE users TO reader".
	Name string
	// Set is the statement that gives the object the property as it is, and Reset the
	// one that takes it away; Reset is empty if it goes with its object only.
	Set, Reset string
	// Change are the statements for an object that has it with another value. Empty:
	// Set alone.
	Change []string
}

// The kinds that [ReadProperties] returns. Those of KindRule and KindStatistics are
// objects of their own, with nothing but their definition.
const (
	KindComment    Kind = "comment"
	KindPrivilege  Kind = "privilege"
	KindOption     Kind = "option" // of a table, view, index, column or sequence
	KindPartition  Kind = "partition"
	KindAttribute  Kind = "attribute" // of a domain or composite type
	KindRule       Kind = "rule"
	KindStatistics Kind = "statistics"
)

// ReadProperties reads the properties of the objects in the session's current schema,
// those of some kinds or of all, by kind, table and name. A privilege of an object's owner
// is none, so that the result doesn't depend on who owns what.
func ReadProperties(ctx context.Context, db Querier, kinds ...Kind) ([]Property, error) {
	all, err := collect(ctx, db, propertiesOf(kinds), func(rows *sql.Rows, p *Property) error {
		var change string
		err := rows.Scan(&p.Kind, &p.Table, &p.Name, &p.Set, &p.Reset, &change)
		p.Change = split(change)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read comments, privileges and options: %w", err)
	}
	return all, nil
}

// PropertyObjects are properties of some kinds, or of all, in the form in which
// [CompareObjects] compares them.
func PropertyObjects(all []Property, kinds ...Kind) []Object {
	var objects []Object
	for _, p := range all {
		if len(kinds) == 0 || slices.Contains(kinds, p.Kind) {
			objects = append(objects, Object{Kind: p.Kind, Table: p.Table, Name: p.Name, Definition: p.Set})
		}
	}
	slices.SortFunc(objects, func(a, b Object) int { return compareKeys(a.key(), b.key()) })
	return objects
}
