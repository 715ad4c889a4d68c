package revert

import (
	"context"
	"fmt"

	"commitment/internal/migration/catalog"
)

// State is the state of a database at one moment.
type State struct {
	catalog.Schema
	labels     []label
	uses       []dependency
	properties []catalog.Property
	entries    entries
	inherited  map[part]bool
	bounds     map[uint32]string
}

// ReadState reads the state of a database, the schema with r.
func ReadState(ctx context.Context, db catalog.Querier, r *catalog.Reader) (State, error) {
	schema, err := r.Read(ctx, db)
	if err != nil {
		return State{}, err
	}
	return StateWith(ctx, db, schema)
}

// StateWith is [ReadState] where the schema was read already.
func StateWith(ctx context.Context, db catalog.Querier, schema catalog.Schema) (State, error) {
	s, err := readObjects(ctx, db, schema)
	if err != nil {
		return s, err
	}
	s.properties, err = catalog.ReadProperties(ctx, db)
	return s, err
}

// readObjects reads a state without properties.
func readObjects(ctx context.Context, db catalog.Querier, schema catalog.Schema) (s State, err error) {
	s.Schema = schema
	if s.labels, err = readLabels(ctx, db); err != nil {
		return s, fmt.Errorf("read enum types: %w", err)
	}
	if s.uses, err = readDependencies(ctx, db); err != nil {
		return s, fmt.Errorf("read what depends on columns: %w", err)
	}
	if s.entries, err = readEntries(ctx, db); err != nil {
		return s, fmt.Errorf("read objects: %w", err)
	}
	if s.inherited, err = readInherited(ctx, db); err != nil {
		return s, fmt.Errorf("read what partitions inherit: %w", err)
	}
	if s.bounds, err = readBounds(ctx, db); err != nil {
		return s, fmt.Errorf("read the bounds of partitions: %w", err)
	}
	return s, nil
}
