package migration

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
)

// executeLock is the name of the lock that the Atlas CLI takes on a database that it
// migrates.
const executeLock = "atlas_migrate_execute"

// The waits between two tries for the lock double from the first to the last.
const (
	firstWait = 25 * time.Millisecond
	lastWait  = 500 * time.Millisecond
)

// ErrLocked reports that another instance held the lock for longer than
// [ApplyOptions.LockTimeout].
var ErrLocked = errors.New("another instance is migrating this database")

// ErrNotEmpty reports a database that has tables but no revisions: nobody knows what
// the first migration would meet there.
var ErrNotEmpty = errors.New("the schema has tables that no migration made")

// session is the part of a driver that Atlas's executor needs, on the one connection
// that migrates. Atlas's own PostgreSQL driver also plans, and for that links a parser
// of HCL. Statements run through db: the connection, or its open transaction.
type session struct {
	migrate.Driver // nil
	db             schema.ExecQuerier
	exclude        []string // of [ApplyOptions]
}

func openSession(ctx context.Context, conn *sql.Conn, exclude []string) (session, error) {
	var cockroach bool
	if err := conn.QueryRowContext(ctx, "SELECT current_setting('crdb_version', true) IS NOT NULL").Scan(&cockroach); err != nil {
		return session{}, fmt.Errorf("read server version: %w", err)
	}
	if cockroach {
		return session{}, errors.New("the server speaks PostgreSQL's protocol but isn't PostgreSQL")
	}
	return session{db: conn, exclude: exclude}, nil
}

// ScanStmts splits a file into statements.
func (session) ScanStmts(input string) ([]*migrate.Stmt, error) { return scan(input) }

// ExecContext runs a statement of a migration.
func (s session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.db.ExecContext(ctx, query, args...)
}

// CheckClean refuses to apply the first migration to a schema with tables of other
// origin. Like the CLI with search_path in the URL, it looks at the current schema
// only. Tables of extensions don't count, nor excluded ones.
func (s session) CheckClean(ctx context.Context, _ *migrate.TableIdent) error {
	rows, err := s.db.QueryContext(ctx, `SELECT current_schema(), c.relname FROM pg_class c
		WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
		AND c.relname <> $1
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 2`, revisionsTable)
	if err != nil {
		return fmt.Errorf("look for tables: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, table string
		if err := rows.Scan(&name, &table); err != nil {
			return fmt.Errorf("look for tables: %w", err)
		}
		if !excluded(name, table, s.exclude) {
			return fmt.Errorf("%w: found %s", ErrNotEmpty, table)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look for tables: %w", err)
	}
	return nil
}

// NewSession opens a session that is discarded afterwards. It isn't one of those that the
// pool keeps, which have planned queries that are run again.
func NewSession(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	stats := db.Stats()
	if stats.Idle == 0 || stats.MaxOpenConnections > 0 {
		return db.Conn(ctx)
	}
	kept, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = kept.Close() }() // the pool's business
	return NewSession(ctx, db)
}

// discard closes the session of conn instead of returning it to the pool. That releases
// its locks in any case, and drops whatever a migration has SET.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// lock takes the lock of that name for the rest of conn's session. It waits until the
// timeout, if there is one, or until ctx ends. It polls, because a session that waits
// inside of PostgreSQL holds a snapshot, for which the holder's CREATE INDEX
// CONCURRENTLY would wait in turn.
func lock(ctx context.Context, conn *sql.Conn, name string, timeout time.Duration, log *slog.Logger) error {
	var expired <-chan time.Time
	if timeout > 0 {
		expired = time.After(timeout)
	}
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		var held bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", lockID(name)).Scan(&held); err != nil {
			return fmt.Errorf("lock database: %w", err)
		}
		if held {
			return nil
		}
		if wait == firstWait {
			// Wait even without the permission to see who holds the lock.
			holders, _ := querySessions(ctx, conn, `SELECT `+sessions+` FROM pg_locks l JOIN pg_stat_activity a USING (pid)
				WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid::bigint = $1 AND l.objsubid = 1
				AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`, lockID(name))
			log.InfoContext(ctx, "waiting for another instance to finish migrating", "locked_by", describe(holders))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock database: %w", context.Cause(ctx))
		case <-expired:
			return ErrLocked
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

// lockID is the key that Atlas derives from a lock's name.
func lockID(name string) int64 {
	h := fnv.New32()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return int64(h.Sum32())
}
