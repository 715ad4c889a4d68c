package migration

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
)

// operator is what the revisions record as the program that applied them.
const operator = "commitment"

// Apply runs the pending files of dir, or those of one [Phase], in order and returns the
// revisions that it recorded, even if a later file failed. It works in the connection's current schema,
// on one connection of db, and holds Atlas's advisory lock on it: of several instances
// one applies, and the others then find nothing to do. If db has a second connection,
// that one watches who blocks the migration. A pooler between here and the server must
// pool by session; otherwise Apply returns [ErrPooled].
//
// Each file runs in one transaction together with its revision, unless it begins with
// "-- atlas:txmode none". After any failure, a crash of this process included, Apply
// can be run again: a file in a transaction starts over, one without resumes at the
// statement that failed or wasn't recorded, and what a stopped CONCURRENTLY left behind
// is removed. A statement that fails is a [StatementError].
//
// Every statement gets the lock_timeout and statement_timeout of [ApplyOptions]. A file
// that sets one of them keeps its own from there on. A statement from which row-level
// security would hide rows fails with [ErrRowSecurity].
//
// Nothing runs if atlas.sum doesn't match the files, if a file that expands wasn't
// applied and is older than one that was ([migrate.HistoryNonLinearError]), if an older
// file that expands is pending in the phase Contract ([ExpandFirstError]), if the schema
// has tables
// but no revisions ([ErrNotEmpty]), or if it has changed since the newest migration
// ([DriftError]).
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
	files, err := pendingFiles(ctx, r.session, r.dir, revs, r.options)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	if err := checkDrift(ctx, r.snapshots, revs, r.options); err != nil {
		return nil, err
	}
	var applied []*migrate.Revision
	next := time.Now().Add(time.Second)
	for i, f := range files {
		rev, err := r.apply(ctx, f, unfinished(revs, f))
		if err != nil {
			return applied, err
		}
		applied = append(applied, rev)
		r.options.Log.InfoContext(ctx, "migration applied", "file", f.Name(), "statements", rev.Total, "duration", rev.ExecutionTime)
		// Between files, snapshots take at most a tenth of the time.
		if start := time.Now(); i == len(files)-1 || start.After(next) {
			r.saveSnapshot(ctx)
			next = time.Now().Add(max(time.Second, 10*time.Since(start)))
		}
	}
	return applied, nil
}

// pendingFiles returns the files to apply, or the error of the first that can't be run.
func pendingFiles(ctx context.Context, s session, dir migrate.Dir, revs []*migrate.Revision, o ApplyOptions) ([]migrate.File, error) {
	pending, outOfOrder, err := unapplied(ctx, s, dir, revs)
	if err != nil {
		return nil, err
	}
	if len(outOfOrder) > 0 {
		return nil, outOfOrderError{&migrate.HistoryNonLinearError{OutOfOrder: outOfOrder, Pending: pending}}
	}
	files, err := o.chosen(dir, pending, len(revs) == 0)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := CheckRunnable(f); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// outOfOrderError is Atlas's error, with what to do.
type outOfOrderError struct{ *migrate.HistoryNonLinearError }

// Error implements error.
func (e outOfOrderError) Error() string {
	return e.OutOfOrder[0].Name() + " is older than a file that is applied: run migrate rebase to give it a later version"
}

// Unwrap returns Atlas's error.
func (e outOfOrderError) Unwrap() error { return e.HistoryNonLinearError }

// apply runs the rest of one file and returns its revision.
func (r *runner) apply(ctx context.Context, f migrate.File, begun *migrate.Revision) (*migrate.Revision, error) {
	within, err := InTransaction(f)
	if err != nil {
		return nil, err
	}
	// A statement that failed has left no effect that could be mistaken for a success.
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
	err = r.retryLocked(ctx, func() error {
		var err error
		rev, err = r.applyAtomic(ctx, f, begun)
		return err
	})
	return rev, err
}

// applyAtomic runs a file in one transaction together with its revision.
func (r *runner) applyAtomic(ctx context.Context, f migrate.File, begun *migrate.Revision) (*migrate.Revision, error) {
	tx, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin transaction for %s: %w", f.Name(), err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	w := &atomic{ExecQuerier: tx, timeouts: timeouts{runner: r, setCommand: "SET LOCAL"}}
	records := &record{revisions: r.revisions.on(tx).timed(), last: begun}
	if records.steps, err = hasTransactions(f); err != nil {
		return nil, err
	}
	if records.steps {
		w.timeouts.setCommand = "SET"
	}
	if err := w.timeouts.ensure(ctx, tx, command{}); err != nil { // before the revision, which can be locked too
		return nil, fmt.Errorf("begin %s: %w", f.Name(), err)
	}
	if _, err := r.execute(ctx, w, records, f); err != nil {
		return nil, err
	}
	if err := records.save(ctx); err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit %s: %w", f.Name(), err)
	}
	return records.last, nil
}

// atomic runs the statements of a file in the file's transaction.
type atomic struct {
	schema.ExecQuerier
	timeouts timeouts
}

// ExecContext runs a statement.
func (w *atomic) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c := parse(query)
	if err := w.timeouts.ensure(ctx, w.ExecQuerier, c); err != nil {
		return nil, err
	}
	return w.timeouts.exec(ctx, w.ExecQuerier, c, args...)
}

// execute runs the remaining statements of f through db and records them.
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
	return slices.ContainsFunc(stmts, func(s *migrate.Stmt) bool { return parse(s.Text).controlsTransaction }), nil
}

// InTransaction reports whether a file runs in one transaction, which it does unless
// its txmode directive is none.
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
	return false, fmt.Errorf("%s: unknown txmode %q (want file or none)", f.Name(), strings.Join(modes, " "))
}
