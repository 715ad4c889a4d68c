package plan

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/dev"
)

// What the tests vary and callers can't: the clock, and steps.
var (
	After   = nextVersion
	Isolate = isolate
)

// Declared are files that make what is declared. No plan is tried for them, and the
// database only says its version.
func (e Entities) Declared(ctx context.Context, db *sql.DB) ([]migrate.File, error) {
	w, err := readDesired(ctx, db, e)
	if err != nil {
		return nil, err
	}
	tables, err := w.create(ctx, slices.Sorted(maps.Keys(w)))
	if err != nil {
		return nil, err
	}
	var first, later []Step
	for _, o := range e.Objects {
		if o.First {
			first = append(first, up(o))
		} else {
			later = append(later, up(o))
		}
	}
	return Files(versionLayout, "before", slices.Concat(first, tables, later))
}

// Left is the plan for a database that these migrations were applied to.
func (e Entities) Left(ctx context.Context, server *dev.Server, db *sql.DB, files []migrate.File) ([]Step, error) {
	t, err := declare(ctx, server, e)
	if err != nil {
		return nil, err
	}
	return (&planner{target: t, db: db, files: files}).plan(ctx)
}
