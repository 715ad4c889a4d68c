package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
)

// operator is what the revisions say of who ran them.
const operator = "commitment"

// ApplyOptions configure [Apply]. The zero value works.
type ApplyOptions struct {
	// Log reports every file that was applied, and the wait for another
	// instance. Defaults to nothing being logged.
	Log *slog.Logger
	// LockTimeout bounds the wait for another instance that is migrating the
	// same database; [ErrLocked] follows. Defaults to as long as the context.
	LockTimeout time.Duration
}

// Apply runs the pending files of dir in their order and returns the revisions
// that it recorded, also when a later file failed. It works in the connection's
// current schema and needs one connection of db, on which it holds Atlas's
// advisory lock: of several instances one works, and the others then find
// nothing to do. A pooler between here and the server must pool by session.
//
// Each file runs in a transaction of its own together with its revision, unless
// it begins with "-- atlas:txmode none". After any failure Apply can be run
// again: a file in a transaction starts anew, one without goes on at the
// statement that failed. A statement's failure is a [StatementError].
//
// Nothing runs when atlas.sum doesn't match the files, when a file is older than
// what was applied and wasn't applied itself ([migrate.HistoryNonLinearError]),
// or when the schema has tables and no revisions ([ErrNotEmpty]).
func Apply(ctx context.Context, db *sql.DB, dir migrate.Dir, o ApplyOptions) ([]*migrate.Revision, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := Validate(dir); err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	defer discard(conn)
	if err := lock(ctx, conn, executeLock, o.LockTimeout, o.Log); err != nil {
		return nil, err
	}
	r, err := newRunner(ctx, conn, dir, o.Log)
	if err != nil {
		return nil, err
	}
	return r.run(ctx)
}

// runner applies the files of dir on conn, whose session holds the lock.
type runner struct {
	conn      *sql.Conn
	session   session
	revisions revisions
	dir       migrate.Dir
	log       *slog.Logger
}

func newRunner(ctx context.Context, conn *sql.Conn, dir migrate.Dir, log *slog.Logger) (runner, error) {
	s, err := openSession(conn)
	if err != nil {
		return runner{}, err
	}
	revs, err := openRevisions(ctx, conn)
	if err != nil {
		return runner{}, err
	}
	return runner{conn: conn, session: s, revisions: revs, dir: dir, log: log}, nil
}

// executor is Atlas's, with its statements and its revisions going through db.
func (r runner) executor(db schema.ExecQuerier) (*migrate.Executor, error) {
	s := session{Driver: r.session.Driver, db: db}
	return migrate.NewExecutor(s, r.dir, r.revisions.on(db), migrate.WithOperatorVersion(operator))
}

func (r runner) run(ctx context.Context) ([]*migrate.Revision, error) {
	files, err := r.pending(ctx)
	if err != nil {
		return nil, err
	}
	var applied []*migrate.Revision
	for _, f := range files {
		rev, err := r.apply(ctx, f)
		if err != nil {
			return applied, err
		}
		applied = append(applied, rev)
		r.log.InfoContext(ctx, "migration applied", "file", f.Name(), "statements", rev.Total, "duration", rev.ExecutionTime)
	}
	return applied, nil
}

// pending is what there is to run. A file that can't be run is found before the
// first one is.
func (r runner) pending(ctx context.Context) ([]migrate.File, error) {
	ex, err := r.executor(r.conn)
	if err != nil {
		return nil, err
	}
	files, err := ex.Pending(ctx)
	if err != nil && !errors.Is(err, migrate.ErrNoPendingFiles) {
		return nil, err
	}
	for _, f := range files {
		if _, err := inTransaction(f); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// apply runs one file and returns its revision.
func (r runner) apply(ctx context.Context, f migrate.File) (*migrate.Revision, error) {
	within, err := inTransaction(f)
	if err != nil {
		return nil, err
	}
	if !within {
		return r.execute(ctx, r.conn, f)
	}
	tx, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin transaction for %s: %w", f.Name(), err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	rev, err := r.execute(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit %s: %w", f.Name(), err)
	}
	return rev, nil
}

// execute runs the statements of f that are still to be run through db.
func (r runner) execute(ctx context.Context, db schema.ExecQuerier, f migrate.File) (*migrate.Revision, error) {
	ex, err := r.executor(db)
	if err != nil {
		return nil, err
	}
	if err := ex.Execute(ctx, f); err != nil {
		return nil, locate(r.dir, err)
	}
	return r.revisions.on(db).ReadRevision(ctx, f.Version())
}

// inTransaction reads the file's txmode directive.
func inTransaction(f migrate.File) (bool, error) {
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
