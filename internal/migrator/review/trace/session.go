package trace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// session is the connection that migrates, and the one that observes a statement which
// can't run in a transaction.
type session struct {
	db       *sql.DB
	conn     *sql.Conn
	observer *sql.Conn // of the pool's; nil until it is needed
	pid      int
	name     string // of the schema that is looked at
	reader   *catalog.Reader
	schema   catalog.Schema // as it is now
	replayed bool           // the statements were traced before, and nobody needs the schema
	// start is what others can see: the relations that existed when the transaction
	// began. now is the present state.
	start, now state
	held       []Lock // as the last statement has them, which most share with the next one
	// unread is the transaction's last statement until the schema after it is read.
	unread *Statement
	wrote  bool // rows, in the open transaction
	// known are the relations before the first statement, and locked the tables of them
	// that the session has locked since.
	known  map[uint32]relation
	locked map[string]bool
}

func (s *session) open(ctx context.Context, db *sql.DB) (err error) {
	s.db = db
	if s.conn, err = migration.NewSession(ctx, db); err != nil {
		return fmt.Errorf("connect to dev database: %w", err)
	}
	err = s.conn.QueryRowContext(ctx, "SELECT pg_backend_pid(), coalesce(current_schema(), '')").Scan(&s.pid, &s.name)
	if err != nil {
		s.close()
		return fmt.Errorf("read the session: %w", err)
	}
	return nil
}

// close closes the session that migrated, which has whatever the files SET.
func (s *session) close() {
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	if s.observer != nil {
		_ = s.observer.Close() // the pool's business
	}
}

// statement runs one statement, in the open transaction, whose last one it may be, or in
// its own.
func (s *session) statement(ctx context.Context, stmt *Statement, last bool) error {
	stmt.Before, stmt.After = s.schema, s.schema
	open, err := s.inTransaction()
	if err != nil {
		return err
	}
	stmt.Transaction = open
	switch {
	case controlsTransaction(stmt.SQL):
		return s.runControl(ctx, stmt)
	case open:
		return s.runMeasured(ctx, stmt, last)
	}
	return s.runAlone(ctx, stmt)
}

// runAlone measures the statement in a transaction of its own, which it gets anyway. If
// PostgreSQL refuses that, it runs outside of one, observed.
func (s *session) runAlone(ctx context.Context, stmt *Statement) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := s.runMeasured(ctx, stmt, true); err != nil {
		return err
	}
	if stmt.Err == nil {
		return errors.Join(s.commit(ctx, stmt), s.rollback(ctx))
	}
	state := sqlState(stmt.Err)
	if err := s.rollback(ctx); err != nil || state != activeTransaction && state != endsTransaction {
		return err
	}
	stmt.Err = nil
	if state == endsTransaction {
		stmt.Writes = []Write{{}}
	}
	return s.runOutside(ctx, stmt)
}

// The SQLSTATEs of a statement that can't run in a transaction, of one that alters a
// table with pending checks, and of a block or procedure that ends a transaction.
const (
	activeTransaction = "25001"
	pendingEvents     = "55006"
	endsTransaction   = "2D000"
)

// sqlState is the SQLSTATE of an error of PostgreSQL; empty for others.
func sqlState(err error) string {
	if refused, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return refused.SQLState()
	}
	return ""
}

func (s *session) inTransaction() (open bool, err error) {
	err = s.conn.Raw(func(c any) error {
		open = c.(interface{ Conn() *pgx.Conn }).Conn().PgConn().TxStatus() != 'I'
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look for a transaction: %w", err)
	}
	return open, nil
}

func (s *session) begin(ctx context.Context) error {
	if err := s.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	return s.recordStart(ctx)
}

// recordStart records the state when a transaction begins. It looks from within,
// because the counters that it reads may be reset between two transactions.
func (s *session) recordStart(ctx context.Context) (err error) {
	s.start, err = s.look(ctx, s.conn)
	s.now, s.wrote = s.start, false
	return err
}

// commit ends the transaction, if one is open. If that fails, as for a deferred
// constraint, it is the last statement's error.
func (s *session) commit(ctx context.Context, last *Statement) error {
	if s.replayed { // then its rows have deferred checks, which lock tables
		if err := s.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
			last.fail(err)
			return nil
		}
		if _, err := s.look(ctx, s.conn); err != nil {
			return err
		}
	}
	if err := s.exec(ctx, "COMMIT"); err != nil {
		last.fail(err)
		return nil
	}
	if unread := s.unread; unread != nil {
		s.unread = nil
		return s.read(ctx, unread)
	}
	return nil
}

// rollback ends a transaction that is still open.
func (s *session) rollback(ctx context.Context) error {
	open, err := s.inTransaction()
	if err != nil || !open {
		return err
	}
	return s.exec(ctx, "ROLLBACK")
}

func (s *session) exec(ctx context.Context, query string) error { return exec(ctx, s.conn, query) }

func exec(ctx context.Context, conn *sql.Conn, query string) error {
	if _, err := conn.ExecContext(ctx, query); err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

func (stmt *Statement) fail(err error) {
	stmt.Err = &migration.StatementError{File: stmt.File, Line: stmt.Line, SQL: stmt.SQL, Err: err}
}

// controlsTransaction reports whether a statement begins or ends transactions.
func controlsTransaction(query string) bool {
	for first := range sqltoken.All(query) {
		return first.Is("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release")
	}
	return false
}

// runControl runs such a statement, for which there is nothing to measure.
func (s *session) runControl(ctx context.Context, stmt *Statement) error {
	if _, err := s.conn.ExecContext(ctx, stmt.SQL); err != nil {
		stmt.fail(err)
		return nil
	}
	open, err := s.inTransaction()
	if err == nil && open {
		err = s.recordStart(ctx)
	}
	if err != nil {
		return err
	}
	return s.read(ctx, stmt)
}

// runMeasured runs a statement in the open transaction and compares the state before
// and after it. The schema after the last one is read once it is committed, by a session
// that has read others before, unless there are rows for which that may fail.
func (s *session) runMeasured(ctx context.Context, stmt *Statement, last bool) error {
	before := s.now
	if s.replayed {
		if err := s.exec(ctx, "SAVEPOINT statement"); err != nil {
			return err
		}
	}
	changed, err := s.schemaChanges(ctx, stmt.SQL)
	if err != nil {
		return err
	}
	start := time.Now()
	_, err = s.conn.ExecContext(ctx, stmt.SQL)
	stmt.Duration = time.Since(start)
	if s.replayed && sqlState(err) == pendingEvents {
		err = s.runAfterChecks(ctx, stmt, err)
	}
	if err != nil {
		stmt.fail(err)
		return nil
	}
	if s.now, err = s.look(ctx, s.conn); err != nil {
		return err
	}
	if held := before.held(s.start); !slices.Equal(held, s.held) {
		s.held = held
	}
	stmt.Locks, stmt.Held = before.taken(s.now, s.start), s.held
	stmt.Rewrites, stmt.Scans = before.rewritten(s.now, s.start), before.scanned(s.now, s.start)
	stmt.Writes = before.written(s.now, stmt.SQL)
	if truncates(stmt.SQL) { // which reads and copies nothing
		stmt.Emptied, stmt.Rewrites, stmt.Scans = stmt.Rewrites, nil, nil
	}
	s.wrote = s.wrote || len(stmt.Writes) > 0
	if may, err := changed(); err != nil || !may {
		return err
	}
	if last && !s.wrote {
		s.unread = stmt
		return nil
	}
	return s.read(ctx, stmt)
}

// runAfterChecks runs a statement again that failed because deferred checks are pending,
// once they have run, so that later statements can be tried.
func (s *session) runAfterChecks(ctx context.Context, stmt *Statement, pending error) error {
	stmt.RowsErr = pending
	if _, err := s.conn.ExecContext(ctx, "ROLLBACK TO SAVEPOINT statement; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"); err != nil {
		return err
	}
	_, err := s.conn.ExecContext(ctx, stmt.SQL)
	return err
}

// errNoSchema is the error of a statement after which no other can run.
var errNoSchema = errors.New("no schema is left on search_path")

// schemaChanges returns a function that reports, after the statement has run in the open
// transaction, whether it may have changed the schema. Of statements on rows PostgreSQL
// counts the rows that they write to its catalogs; others are taken to change it.
func (s *session) schemaChanges(ctx context.Context, query string) (func() (bool, error), error) {
	if !changesRows(query) {
		return func() (bool, error) { return true, nil }, nil
	}
	before, err := s.catalogWrites(ctx)
	return func() (bool, error) {
		after, err := s.catalogWrites(ctx)
		return before != after || !after.Valid, err
	}, err
}

// catalogWrites counts the rows that the open transaction has written to the catalogs,
// unless a file has turned counting off.
func (s *session) catalogWrites(ctx context.Context) (n sql.NullInt64, err error) {
	err = s.conn.QueryRowContext(ctx, `SELECT sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid))::bigint
		FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND current_setting('track_counts')::bool`).Scan(&n)
	if err != nil {
		return n, fmt.Errorf("read counters of the catalogs: %w", err)
	}
	return n, nil
}

// asFresh undoes in the open transaction what the session has SET.
const asFresh = "; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL"

// read reads the schema after a statement as a new session sees it, whatever was SET: a
// search_path hides tables, and defaults print differently in another time zone. The
// observer reads what is committed. Some of PostgreSQL's functions lock tables until the
// transaction ends; rolling back to a savepoint releases these locks.
func (s *session) read(ctx context.Context, stmt *Statement) error {
	if s.replayed {
		return nil
	}
	open, err := s.inTransaction()
	if err != nil {
		return err
	}
	conn, begin, end := s.conn, "SAVEPOINT trace", "ROLLBACK TO SAVEPOINT trace; RELEASE SAVEPOINT trace"
	if !open {
		if err := s.observe(ctx); err != nil {
			return err
		}
		conn, begin, end = s.observer, "BEGIN", "ROLLBACK"
	}
	if err := exec(ctx, conn, begin+asFresh); err != nil {
		return err
	}
	var there bool
	if err := conn.QueryRowContext(ctx, "SELECT current_schema() IS NOT NULL").Scan(&there); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if !there {
		stmt.fail(errNoSchema)
		return exec(ctx, conn, end)
	}
	if s.schema, err = s.reader.Read(ctx, conn); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	stmt.After = s.schema
	return exec(ctx, conn, end)
}
