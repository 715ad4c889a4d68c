package compat

import (
	"context"
	"database/sql"
	"slices"

	"commitment/internal/migration/catalog"
)

// State is what doesn't work in one state of the database.
type State struct {
	Old []Break // of the base's code
	New []Break // of the head's
}

// Decide compares what doesn't work before and after a file. Only changes count: code
// that is broken before and after in the same way says nothing about the file.
//
//   - If the old code breaks after the file, the new code must be deployed first.
//   - If the new code is broken before the file and works after it, the file must be
//     applied first.
//   - If both are true, no order works.
//   - If the new code works before the file and breaks after it, it never fits the file.
//
// The verdict's breaks say whose code breaks, and in which of the two states.
func Decide(before, after State) Verdict {
	old := mark("old", "after", onlyIn(after.Old, before.Old))
	early := mark("new", "before", onlyIn(before.New, after.New))
	late := mark("new", "after", onlyIn(after.New, before.New))
	v := Verdict{Order: Either, Breaks: slices.Concat(old, early, late)}
	switch {
	case len(late) > 0:
		v.Order = NewBreaks
	case len(old) > 0 && len(early) > 0:
		v.Order = TwoReleases
	case len(old) > 0:
		v.Order = CodeFirst
	case len(early) > 0:
		v.Order = MigrationFirst
	}
	return v
}

// onlyIn returns the breaks that others don't have. Two breaks are the same if
// PostgreSQL's message is; the statements may differ between two states of a table.
func onlyIn(breaks, others []Break) []Break {
	return slices.DeleteFunc(slices.Clone(breaks), func(b Break) bool {
		return slices.ContainsFunc(others, func(o Break) bool {
			return b.Entity == o.Entity && b.Operation == o.Operation && b.Error == o.Error
		})
	})
}

func mark(release, schema string, breaks []Break) []Break {
	for i := range breaks {
		breaks[i].Release, breaks[i].Schema = release, schema
	}
	return breaks
}

// Database is a throwaway database in one state, with its schema.
type Database struct {
	*sql.DB
	Schema catalog.Schema
}

// Observe finds what the code of two releases, base and head, can't do on a database;
// see [Breaks].
func Observe(ctx context.Context, db Database, base, head Entities) (State, error) {
	var s State
	var err error
	if s.Old, err = Breaks(ctx, db, base); err != nil {
		return s, err
	}
	s.New, err = Breaks(ctx, db, head)
	return s, err
}

// Judge decides on one file, given a database in the state before it and one in the
// state after it, and the entities at the base and at the head. It only tries entities
// that the file may affect.
func Judge(ctx context.Context, before, after Database, base, head Entities) (Verdict, error) {
	changes := catalog.Compare(before.Schema, after.Schema)
	base, head = base.Touched(changes), head.Touched(changes)
	first, err := Observe(ctx, before, base, head)
	if err != nil {
		return Verdict{}, err
	}
	second, err := Observe(ctx, after, base, head)
	if err != nil {
		return Verdict{}, err
	}
	return Decide(first, second), nil
}
