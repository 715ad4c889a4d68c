package plan

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/schemakit"
)

// target is the schema that a plan leads to.
type target struct {
	server     *dev.Server
	desired    desiredTables
	objects    []schemakit.Object
	renames    []schemakit.Rename
	tablesOnly bool
	// base is the schema with the tables, before the objects that come after them, and
	// full is the whole schema.
	base, full catalog.Schema
}

// declare creates what the entities declare in a database and reads it back.
func declare(ctx context.Context, server *dev.Server, want Entities) (_ *target, err error) {
	if err := checkNames(want.Tables); err != nil {
		return nil, err
	}
	db, err := server.Database(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	w, err := readDesired(ctx, db.DB, want.Tables)
	if err != nil {
		return nil, err
	}
	t := &target{server: server, desired: w, objects: want.Objects, renames: want.Renames, tablesOnly: want.TablesOnly}
	if err := t.makeObjects(ctx, db.DB, true, nil); err != nil {
		return nil, err
	}
	if err := t.makeTables(ctx, db.DB); err != nil {
		return nil, err
	}
	if t.base, err = t.read(ctx, db.DB); err != nil {
		return nil, err
	}
	t.full = t.base
	if len(t.objects) == 0 {
		return t, nil
	}
	if err := t.makeObjects(ctx, db.DB, false, nil); err != nil {
		return nil, err
	}
	t.full, err = t.read(ctx, db.DB)
	return t, err
}

// read reads the part of a schema that a plan is about.
func (t *target) read(ctx context.Context, db *sql.DB) (catalog.Schema, error) {
	s, err := catalog.Read(ctx, db)
	if t.tablesOnly {
		s.Others = nil
		for i := range s.Tables {
			s.Tables[i].Others, s.Tables[i].Options = nil, ""
		}
	}
	return s, err
}

func (t *target) makeTables(ctx context.Context, db *sql.DB) error {
	steps, err := t.desired.create(ctx, slices.Sorted(maps.Keys(t.desired)))
	if err != nil {
		return err
	}
	var all strings.Builder
	for _, s := range steps {
		all.WriteString(withSemicolon(s.SQL) + "\n")
	}
	if _, err := db.ExecContext(ctx, all.String()); err != nil {
		return fmt.Errorf("create the entities' tables: %w", err)
	}
	return nil
}

// makeObjects runs the objects that come before the tables, or those that come after
// them. It calls made, unless that is nil, with the index of each.
func (t *target) makeObjects(ctx context.Context, db *sql.DB, first bool, made func(int) error) error {
	for i, o := range t.objects {
		if o.First != first {
			continue
		}
		if err := replay(ctx, db, []Step{up(o)}); err != nil {
			return fmt.Errorf("create the declared object %q: %w", o.Name, err)
		}
		if made == nil {
			continue
		}
		if err := made(i); err != nil {
			return err
		}
	}
	return nil
}

// readObjectChanges finds what each object creates or changes, in a database of its
// own.
func (t *target) readObjectChanges(ctx context.Context) (_ [][]catalog.Change, err error) {
	changes := make([][]catalog.Change, len(t.objects))
	if len(t.objects) == 0 {
		return changes, nil
	}
	db, err := t.server.Database(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	var before catalog.Schema
	note := func(i int) error {
		after, err := catalog.Read(ctx, db)
		changes[i] = catalog.Compare(before, after)
		before = after
		return err
	}
	if err := t.makeObjects(ctx, db.DB, true, note); err != nil {
		return nil, err
	}
	if err := t.makeTables(ctx, db.DB); err != nil {
		return nil, err
	}
	before = t.base
	return changes, t.makeObjects(ctx, db.DB, false, note)
}

// replay runs steps as the files that they are written to.
func replay(ctx context.Context, db *sql.DB, steps []Step) error {
	files, err := Files(versionLayout, "plan", steps)
	if err != nil {
		return err
	}
	return migration.Replay(ctx, db, files)
}
