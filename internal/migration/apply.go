package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
)

// operator is what the revisions say of who ran them.
const operator = "commitment"

// Apply runs the pending files of dir in their order and returns the revisions
// that it recorded, also when a later file failed. It works in the connection's
// current schema, on one connection of db, on which it holds Atlas's advisory
// lock: of several instances one works, and the others then find nothing to do.
// A second connection, if db has one, looks at who is in the way. A pooler between
// here and the server must pool by session, else Apply returns [ErrPooled].
//
// Each file runs in a transaction of its own together with its revision, unless
// it begins with "-- atlas:txmode none". After any failure, that of this process
// included, Apply can be run again: a file in a transaction starts anew, one
// without goes on at the statement that failed or wasn't recorded, and what a
// stopped CONCURRENTLY left behind is removed. A statement's failure is a
// [StatementError].
//
// lock_timeout and statement_timeout are set for every statement as
// [ApplyOptions] say. A file that sets one of them itself keeps its own from there
// to its end.
//
// Nothing runs when atlas.sum doesn't match the files, when a file is older than
// what was applied and wasn't applied itself ([migrate.HistoryNonLinearError]),
// when the schema has tables and no revisions ([ErrNotEmpty]), or when it isn't
// as the newest migration left it ([DriftError]).
func Apply(ctx context.Context, db *sql.DB, dir migrate.Dir, o ApplyOptions) ([]*migrate.Revision, error) {
	r, err := openRunner(ctx, db, dir, o.withDefaults())
	if err != nil {
		return nil, err
	}
	defer discard(r.conn)
	return r.run(ctx)
}

func (r *runner) run(ctx context.Context) ([]*migrate.Revision, error) {
	revs, err := r.revisions.ReadRevisions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	files, err := r.pending(ctx, revs)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	if err := checkDrift(ctx, r.snapshots, revs, r.options); err != nil {
		return nil, err
	}
	var applied []*migrate.Revision
	kept := time.Now()
	for i, f := range files {
		rev, err := r.apply(ctx, f, begunBy(revs, f))
		if err != nil {
			return applied, err
		}
		applied = append(applied, rev)
		r.options.Log.InfoContext(ctx, "migration applied", "file", f.Name(), "statements", rev.Total, "duration", rev.ExecutionTime)
		// On the way a snapshot is worth its time once in a while.
		if i == len(files)-1 || time.Since(kept) > time.Second {
			r.keepSnapshot(ctx, f.Version())
			kept = time.Now()
		}
	}
	return applied, nil
}

// pending is what there is to run. The directory itself is asked, because it may
// know of checkpoints.
func (r *runner) pending(ctx context.Context, revs []*migrate.Revision) ([]migrate.File, error) {
	return pendingFiles(ctx, r.session, r.dir.Dir, revs)
}

// pendingFiles finds a file that can't be run before the first one is.
func pendingFiles(ctx context.Context, s session, dir migrate.Dir, revs []*migrate.Revision) ([]migrate.File, error) {
	ex, err := migrate.NewExecutor(s, dir, history{revs: revs})
	if err != nil {
		return nil, err
	}
	files, err := ex.Pending(ctx)
	if err != nil && !errors.Is(err, migrate.ErrNoPendingFiles) {
		return nil, err
	}
	early, err := beforeFirst(dir, revs)
	if err != nil {
		return nil, err
	}
	if len(early) > 0 {
		return nil, &migrate.HistoryNonLinearError{OutOfOrder: early, Pending: files}
	}
	for _, f := range files {
		if err := Runnable(f); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// apply runs what is left of one file and returns its revision.
func (r *runner) apply(ctx context.Context, f migrate.File, begun *migrate.Revision) (*migrate.Revision, error) {
	within, err := InTransaction(f)
	if err != nil {
		return nil, err
	}
	// What failed left nothing behind that could be taken for done.
	interrupted := begun != nil && begun.Error == ""
	if begun != nil {
		err := r.resume(ctx, f, begun)
		if err != nil || begun.Applied == begun.Total {
			return begun, err
		}
	}
	if !within {
		return r.applyStepwise(ctx, f, begun, interrupted)
	}
	var rev *migrate.Revision
	err = r.insist(ctx, func() error {
		var err error
		rev, err = r.applyWhole(ctx, f)
		return err
	})
	return rev, err
}

// applyWhole runs a file in a transaction together with its revision.
func (r *runner) applyWhole(ctx context.Context, f migrate.File) (*migrate.Revision, error) {
	tx, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin transaction for %s: %w", f.Name(), err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	w := &whole{ExecQuerier: tx, pace: pace{runner: r, set: "SET LOCAL"}}
	records := r.revisions.of(tx).timed()
	if records.steps, err = hasTransactions(f); err != nil {
		return nil, err
	}
	if records.steps {
		w.pace.set = "SET"
	}
	if err := w.pace.keep(ctx, tx, command{}); err != nil { // before the revision, which can be locked too
		return nil, fmt.Errorf("begin %s: %w", f.Name(), err)
	}
	rev, err := r.execute(ctx, w, records, f)
	if err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit %s: %w", f.Name(), err)
	}
	return rev, nil
}

// whole runs the statements of a file in the file's transaction.
type whole struct {
	schema.ExecQuerier
	pace pace
}

// ExecContext runs a statement.
func (w *whole) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c := parse(query)
	if err := w.pace.keep(ctx, w.ExecQuerier, c); err != nil {
		return nil, err
	}
	return w.pace.exec(ctx, w.ExecQuerier, c, args...)
}

// execute runs the statements of f that are still to be run, through db, and keeps
// records of them.
func (r *runner) execute(ctx context.Context, db schema.ExecQuerier, records migrate.RevisionReadWriter, f migrate.File) (*migrate.Revision, error) {
	ex, err := migrate.NewExecutor(session{db: db}, r.dir, records, migrate.WithOperatorVersion(operator))
	if err != nil {
		return nil, err
	}
	if err := ex.Execute(ctx, f); err != nil {
		return nil, locate(r.dir, err)
	}
	return records.ReadRevision(ctx, f.Version())
}

// hasTransactions reports whether the file begins or ends transactions itself.
func hasTransactions(f migrate.File) (bool, error) {
	stmts, err := Statements(f)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(stmts, func(s *migrate.Stmt) bool { return parse(s.Text).transaction }), nil
}

// InTransaction reports whether a file runs in a transaction of its own, which it does
// unless its txmode directive is none.
func InTransaction(f migrate.File) (bool, error) {
	var modes []string
	if d, ok := f.(interface{ Directive(name string) []string }); ok {
		modes = d.Directive("txmode")
	}
	switch {
	case len(modes) == 0, len(modes) == 1 && modes[0] == "file":
		return true, nil
	case len(modes) == 1 && modes[0] == "none":
		return false, nil
	}
	return false, fmt.Errorf("%s: txmode is %q, want file or none", f.Name(), modes)
}
