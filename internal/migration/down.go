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

// Way is the way back from one file that was applied.
type Way struct {
	// Version is the file's.
	Version string
	// Statements are run in their order: the first ones, as many as Outside
	// says, outside a transaction and each as often as it takes, the others in
	// one transaction, together with the end of the revision. The names of
	// indexes that the first ones make are in double quotes.
	Statements []string
	Outside    int
}

// Revert goes ways back, one after the other, and returns the versions that it
// took back, also when a later one failed. It holds the lock that [Apply] holds,
// sets the same timeouts, and refuses what Apply refuses: files that don't match
// atlas.sum, a drifted schema, a pooler that pools by transaction.
//
// While the lock is held, find is called with the revisions of the database,
// oldest first, to say which ways to go. An error of it ends Revert and nothing
// has changed. After any other failure Revert can be run again.
func Revert(ctx context.Context, db *sql.DB, dir migrate.Dir, o ApplyOptions,
	find func(ctx context.Context, applied []*migrate.Revision) ([]Way, error),
) ([]string, error) {
	r, err := openRunner(ctx, db, dir, o.withDefaults())
	if err != nil {
		return nil, err
	}
	defer discard(r.conn)
	return r.revert(ctx, find)
}

func (r *runner) revert(ctx context.Context, find func(context.Context, []*migrate.Revision) ([]Way, error)) ([]string, error) {
	revs, err := r.revisions.ReadRevisions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	ways, err := find(ctx, revs)
	if err != nil {
		return nil, err
	}
	if err := explained(checkDrift(ctx, r.snapshots, revs, r.options), ways); err != nil {
		return nil, err
	}
	var reverted []string
	for _, w := range ways {
		if err := r.goBack(ctx, w); err != nil {
			_ = r.keepNewest(ctx) // the indexes that stay aren't drift; a lost connection keeps nothing
			return reverted, err
		}
		reverted = append(reverted, w.Version)
		r.options.Log.InfoContext(ctx, "migration taken back", "version", w.Version, "statements", len(w.Statements))
		if err := r.keepNewest(ctx); err != nil {
			return reverted, err
		}
	}
	return reverted, nil
}

// explained takes out of a drift the indexes that an earlier run has built on its
// ways back, before it was stopped.
func explained(err error, ways []Way) error {
	drift, ok := errors.AsType[*DriftError](err)
	if !ok {
		return err
	}
	built := map[string]bool{}
	for _, w := range ways {
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

// keepNewest keeps the schema as that of the newest migration that is left.
func (r *runner) keepNewest(ctx context.Context) error {
	revs, err := r.revisions.ReadRevisions(ctx)
	if err != nil {
		return fmt.Errorf("read revisions: %w", err)
	}
	if len(revs) > 0 {
		r.keepSnapshot(ctx, revs[len(revs)-1].Version)
	}
	return nil
}

// goBack goes one way.
func (r *runner) goBack(ctx context.Context, w Way) error {
	for _, statement := range w.Statements[:w.Outside] {
		// An earlier run may have come this far.
		s := &stepwise{ExecQuerier: r.conn, pace: pace{runner: r, set: "SET"}, resumed: true}
		if _, err := s.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("take back %s: %w: %s", w.Version, err, statement)
		}
	}
	return r.insist(ctx, func() error { return r.goBackTogether(ctx, w) })
}

func (r *runner) goBackTogether(ctx context.Context, w Way) error {
	tx, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	db := &whole{ExecQuerier: tx, pace: pace{runner: r, set: "SET LOCAL"}}
	if err := db.pace.keep(ctx, tx, command{}); err != nil { // before the revision, which can be locked too
		return fmt.Errorf("take back %s: %w", w.Version, err)
	}
	for _, statement := range w.Statements[w.Outside:] {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("take back %s: %w: %s", w.Version, err, statement)
		}
	}
	if err := r.revisions.on(tx).DeleteRevision(ctx, w.Version); err != nil {
		return fmt.Errorf("end revision %s: %w", w.Version, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit the way back from %s: %w", w.Version, err)
	}
	return nil
}
