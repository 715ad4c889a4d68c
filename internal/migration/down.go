package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5"

	"commitment/internal/migration/catalog"
)

// Reverse has the statements that revert one applied file.
type Reverse struct {
	// Version is the file's version.
	Version string
	// Statements are run in order. The first ones, as many as Outside, run outside of a
	// transaction and can be repeated; the others run in one transaction, in which the
	// revision is deleted as well. The first ones quote the names of the indexes that
	// they create; of those that add a constraint, one that an earlier run added is
	// skipped.
	Statements []string
	Outside    int
	// Undo has, for each of the first ones, the statement that undoes it if a later one
	// fails; empty where it may stay.
	Undo []string
}

// Revert reverts files, one after another, and returns the versions that it reverted,
// even if a later one failed. It holds the lock that [Apply] holds, sets the same
// timeouts, and refuses what Apply refuses: files that don't match atlas.sum, a drifted
// schema, a pooler that pools by transaction.
//
// While it holds the lock it calls find with the database and its revisions, oldest
// first, to get the statements. If find fails, nothing has changed. After any other failure
// Revert can be run again.
func Revert(ctx context.Context, db *sql.DB, dir migrate.Dir, o ApplyOptions,
	find func(ctx context.Context, db catalog.Querier, applied []*migrate.Revision) ([]Reverse, error),
) ([]string, error) {
	r, err := openRunner(ctx, db, dir, o.withDefaults())
	if err != nil {
		return nil, err
	}
	defer discard(r.conn)
	return r.revert(ctx, find)
}

func (r *runner) revert(ctx context.Context, find func(context.Context, catalog.Querier, []*migrate.Revision) ([]Reverse, error)) ([]string, error) {
	revs, err := r.revisions.ReadRevisions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	reverses, err := find(ctx, r.conn, revs)
	if err != nil {
		return nil, err
	}
	if err := withoutPrepared(checkDrift(ctx, r.snapshots, revs, r.options), reverses); err != nil {
		return nil, err
	}
	var reverted []string
	for _, w := range reverses {
		if err := r.revertFile(ctx, w); err != nil {
			r.saveSnapshot(ctx) // the indexes that stay aren't drift; a lost connection keeps nothing
			return reverted, err
		}
		reverted = append(reverted, w.Version)
		r.options.Log.InfoContext(ctx, "migration reverted", "version", w.Version, "statements", len(w.Statements))
		r.saveSnapshot(ctx)
	}
	return reverted, nil
}

// withoutPrepared removes from a drift what an earlier run of Revert did outside of a
// transaction before it was stopped.
func withoutPrepared(err error, reverses []Reverse) error {
	drift, ok := errors.AsType[*DriftError](err)
	if !ok {
		return err
	}
	var prepared []command
	for _, w := range reverses {
		for _, statement := range w.Statements[:w.Outside] {
			prepared = append(prepared, parse(statement))
		}
	}
	changes := slices.DeleteFunc(slices.Clone(drift.Changes), func(c catalog.Change) bool {
		return slices.ContainsFunc(prepared, func(p command) bool { return p.made(c) })
	})
	if len(changes) == 0 {
		return nil
	}
	return &DriftError{Version: drift.Version, Changes: changes}
}

// made reports whether a change is what the command does.
func (c command) made(change catalog.Change) bool {
	object := c.object
	if c.action == unforce {
		object = c.table
	}
	if name := (pgx.Identifier{change.Name}); name.Sanitize() != object.Text {
		return false
	}
	switch c.action {
	case unforce:
		return change.Kind == catalog.KindTable && strings.Replace(change.Before, " FORCE ROW LEVEL SECURITY", "", 1) == change.After
	case createIndex:
		return change.Kind == catalog.KindIndex && change.Before == ""
	case dropIndex:
		return change.Kind == catalog.KindIndex && change.After == ""
	case addConstraint:
		return change.Kind == catalog.KindConstraint && change.Before == ""
	case other, detachPartition, reindex:
	}
	return false
}

// revertFile reverts one file. If that fails, it undoes what could hinder the code that
// is in use.
func (r *runner) revertFile(ctx context.Context, w Reverse) error {
	prepared, err := r.prepareRevert(ctx, w)
	if err == nil {
		err = r.retryLocked(ctx, func() error { return r.revertAtomic(ctx, w) })
	}
	if err == nil {
		return nil
	}
	for _, undo := range slices.Backward(w.Undo[:min(prepared, len(w.Undo))]) {
		if undo == "" {
			continue
		}
		if failed := r.runOutside(ctx, undo); failed != nil {
			r.options.Log.WarnContext(ctx, "can't undo what prepared the revert", "version", w.Version, "undo", undo, "error", failed)
		}
	}
	return err
}

// prepareRevert runs the statements outside of a transaction, and returns how many it
// has begun. An earlier run may have got some of the way.
func (r *runner) prepareRevert(ctx context.Context, w Reverse) (begun int, err error) {
	for i, statement := range w.Statements[:w.Outside] {
		there, err := r.hasConstraint(ctx, parse(statement))
		if err == nil && !there {
			err = r.runOutside(ctx, statement)
		}
		if err != nil {
			return i + 1, fmt.Errorf("revert %s: %w: %s", w.Version, err, statement)
		}
	}
	return w.Outside, nil
}

func (r *runner) runOutside(ctx context.Context, statement string) error {
	s := &stepwise{ExecQuerier: r.conn, timeouts: timeouts{runner: r, setCommand: "SET"}, resumed: true}
	_, err := s.ExecContext(ctx, statement)
	if s.tx != nil { // it has no record
		err = errors.Join(err, s.tx.Commit())
	}
	return err
}

// hasConstraint reports whether the constraint that the command adds is there, validated
// or not.
func (r *runner) hasConstraint(ctx context.Context, c command) (there bool, err error) {
	if c.action != addConstraint {
		return false, nil
	}
	err = r.conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass($1) AND '"' || replace(conname, '"', '""') || '"' = $2
		AND replace(pg_get_constraintdef(oid, true), ' NOT VALID', '') = replace($3, ' NOT VALID', ''))`,
		c.table.Text, c.object.Text, strings.TrimSpace(c.sql[c.object.To:])).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("look for constraint: %w", err)
	}
	return there, nil
}

func (r *runner) revertAtomic(ctx context.Context, w Reverse) error {
	tx, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	db := &atomic{ExecQuerier: tx, timeouts: timeouts{runner: r, setCommand: "SET LOCAL"}}
	if err := db.timeouts.ensure(ctx, tx, command{}); err != nil { // before the revision, which can be locked too
		return fmt.Errorf("revert %s: %w", w.Version, err)
	}
	for _, statement := range w.Statements[w.Outside:] {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("revert %s: %w: %s", w.Version, err, statement)
		}
	}
	if err := r.revisions.on(tx).DeleteRevision(ctx, w.Version); err != nil {
		return fmt.Errorf("delete revision %s: %w", w.Version, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit the revert of %s: %w", w.Version, err)
	}
	return nil
}
