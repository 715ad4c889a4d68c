package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

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
	// they create.
	Statements []string
	Outside    int
}

// Revert reverts files, one after another, and returns the versions that it reverted,
// even if a later one failed. It holds the lock that [Apply] holds, sets the same
// timeouts, and refuses what Apply refuses: files that don't match atlas.sum, a drifted
// schema, a pooler that pools by transaction.
//
// While it holds the lock it calls find with the database's revisions, oldest first, to
// get the statements. If find fails, nothing has changed. After any other failure
// Revert can be run again.
func Revert(ctx context.Context, db *sql.DB, dir migrate.Dir, o ApplyOptions,
	find func(ctx context.Context, applied []*migrate.Revision) ([]Reverse, error),
) ([]string, error) {
	r, err := openRunner(ctx, db, dir, o.withDefaults())
	if err != nil {
		return nil, err
	}
	defer discard(r.conn)
	return r.revert(ctx, find)
}

func (r *runner) revert(ctx context.Context, find func(context.Context, []*migrate.Revision) ([]Reverse, error)) ([]string, error) {
	revs, err := r.revisions.ReadRevisions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	reverses, err := find(ctx, revs)
	if err != nil {
		return nil, err
	}
	if err := withoutBuiltIndexes(checkDrift(ctx, r.snapshots, revs, r.options), reverses); err != nil {
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

// withoutBuiltIndexes removes from a drift the indexes that an earlier run of Revert
// built before it was stopped.
func withoutBuiltIndexes(err error, reverses []Reverse) error {
	drift, ok := errors.AsType[*DriftError](err)
	if !ok {
		return err
	}
	built := map[string]bool{}
	for _, w := range reverses {
		for _, statement := range w.Statements[:w.Outside] {
			if c := parse(statement); c.action == createIndex {
				built[c.object.Text] = true
			}
		}
	}
	changes := slices.DeleteFunc(slices.Clone(drift.Changes), func(c catalog.Change) bool {
		return c.Kind == catalog.KindIndex && c.Before == "" && built[pgx.Identifier{c.Name}.Sanitize()]
	})
	if len(changes) == 0 {
		return nil
	}
	return &DriftError{Version: drift.Version, Changes: changes}
}

// revertFile reverts one file.
func (r *runner) revertFile(ctx context.Context, w Reverse) error {
	for _, statement := range w.Statements[:w.Outside] {
		// An earlier run may have got this far.
		s := &stepwise{ExecQuerier: r.conn, timeouts: timeouts{runner: r, setCommand: "SET"}, resumed: true}
		if _, err := s.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("revert %s: %w: %s", w.Version, err, statement)
		}
	}
	return r.retryLocked(ctx, func() error { return r.revertAtomic(ctx, w) })
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
