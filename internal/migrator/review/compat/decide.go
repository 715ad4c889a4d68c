package compat

import (
	"context"
	"database/sql"
	"slices"

	"commitment/internal/migration/catalog"
)

// State is what doesn't work on a database in one state.
type State struct {
	Old []Break // of the base's code
	New []Break // of the head's
}

// Decide compares what doesn't work before a file and after it. Only what the
// file itself changes counts: code that is broken before and after in the same
// way says nothing about it.
//
//   - What the old code can no longer do after the file: the new code has to be
//     deployed first.
//   - What the new code can't do before the file, and can after: the file has to
//     be applied first.
//   - Both, or something that the new code can no longer do after the file:
//     whichever comes first, something breaks meanwhile.
//
// The verdict's breaks say whose code breaks and in which of the two states.
func Decide(before, after State) Verdict {
	old := mark("old", "after", without(after.Old, before.Old))
	early := mark("new", "before", without(before.New, after.New))
	late := mark("new", "after", without(after.New, before.New))
	v := Verdict{Order: Either, Breaks: slices.Concat(old, early, late)}
	switch {
	case len(late) > 0, len(old) > 0 && len(early) > 0:
		v.Order = TwoReleases
	case len(old) > 0:
		v.Order = CodeFirst
	case len(early) > 0:
		v.Order = MigrationFirst
	}
	return v
}

// without returns the breaks that others don't have. Two breaks are the same when
// PostgreSQL says the same: what else stands in their statements may differ
// between two states of a table.
func without(breaks, others []Break) []Break {
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

// Database is a throwaway database in one state, and the schema that it has.
type Database struct {
	*sql.DB
	Schema catalog.Schema
}

// Observe finds what the code of two releases, the base's and the head's, can't do
// on a database, as [Breaks] does.
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
// state after it, and the entities at the base and at the head. It looks only at
// those that the file may concern.
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
