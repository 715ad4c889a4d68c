package migration

import (
	"context"
	"database/sql"
	"fmt"

	"ariga.io/atlas/sql/migrate"
)

// runner applies the files of dir on conn, whose session holds the lock.
type runner struct {
	conn      *sql.Conn
	session   session
	revisions revisions
	snapshots snapshots
	watcher   watcher
	dir       loadedDir
	options   ApplyOptions
}

// openRunner validates dir and takes the lock. The caller discards the runner's
// connection.
func openRunner(ctx context.Context, db *sql.DB, dir migrate.Dir, o ApplyOptions) (*runner, error) {
	loaded, err := loadDir(dir)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	r, err := lockedRunner(ctx, db, conn, loaded, o)
	if err != nil {
		discard(conn)
		return nil, err
	}
	return r, nil
}

func lockedRunner(ctx context.Context, db *sql.DB, conn *sql.Conn, dir loadedDir, o ApplyOptions) (*runner, error) {
	pid, err := checkPooler(ctx, db, conn)
	if err != nil {
		return nil, err
	}
	if err := lock(ctx, conn, executeLock, o.LockTimeout, o.Log); err != nil {
		return nil, err
	}
	if err := refuseHiddenRows(ctx, conn); err != nil {
		return nil, err
	}
	r, err := newRunner(ctx, conn, dir, o)
	if err != nil {
		return nil, err
	}
	r.watcher = watcher{db: db, pid: pid, log: o.Log}
	return r, nil
}

func newRunner(ctx context.Context, conn *sql.Conn, dir loadedDir, o ApplyOptions) (*runner, error) {
	s, err := openSession(ctx, conn, o.Exclude)
	if err != nil {
		return nil, err
	}
	revs, err := openRevisions(ctx, conn)
	if err != nil {
		return nil, err
	}
	snaps, err := openSnapshots(ctx, conn)
	if err != nil {
		return nil, err
	}
	return &runner{conn: conn, session: s, revisions: revs, snapshots: snaps, dir: dir, options: o}, nil
}
