package plan

import (
	"cmp"
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
	objects    []schemakit.Object // each after those that it depends on
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
	w, err := readDesired(ctx, db.DB, want)
	if err != nil {
		return nil, err
	}
	t := &target{server: server, desired: w, objects: want.Objects, renames: want.Renames, tablesOnly: want.TablesOnly}
	first, err := t.makeObjects(ctx, db.DB, true, nil)
	if err != nil {
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
	later, err := t.makeObjects(ctx, db.DB, false, nil)
	if err != nil {
		return nil, err
	}
	t.objects = slices.Concat(first, later)
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

// makeObjects creates the objects that come before the tables, or those that come after
// them, in an order that their dependencies allow, found by trying, and returns them in
// that order. It calls made, unless that is nil, after each.
func (t *target) makeObjects(ctx context.Context, db *sql.DB, first bool, made func() error) ([]schemakit.Object, error) {
	var ordered []schemakit.Object
	pending := slices.DeleteFunc(slices.Clone(t.objects), func(o schemakit.Object) bool { return o.First != first })
	for len(pending) > 0 {
		var waiting []schemakit.Object
		var refusal error
		for _, o := range pending {
			if err := replay(ctx, db, []Step{up(o)}); err != nil {
				waiting, refusal = append(waiting, o), cmp.Or(refusal, fmt.Errorf("create the declared object %q: %w", o.Name, err))
				continue
			}
			ordered = append(ordered, o)
			if made == nil {
				continue
			}
			if err := made(); err != nil {
				return nil, err
			}
		}
		if len(waiting) == len(pending) {
			return nil, refusal
		}
		pending = waiting
	}
	return ordered, nil
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
	n := 0
	note := func() error {
		after, err := catalog.Read(ctx, db)
		changes[n] = catalog.Compare(before, after)
		before = after
		n++
		return err
	}
	if _, err := t.makeObjects(ctx, db.DB, true, note); err != nil {
		return nil, err
	}
	if err := t.makeTables(ctx, db.DB); err != nil {
		return nil, err
	}
	before = t.base
	_, err = t.makeObjects(ctx, db.DB, false, note)
	return changes, err
}

// replay runs steps as the files that they are written to.
func replay(ctx context.Context, db *sql.DB, steps []Step) error {
	files, err := Files(versionLayout, "plan", steps)
	if err != nil {
		return err
	}
	return migration.Replay(ctx, db, files)
}
