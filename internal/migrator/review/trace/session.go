package trace

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// session is the connection that migrates, and beside it the one that looks on
// while a statement runs that can't be in a transaction.
type session struct {
	db       *sql.DB
	conn     *sql.Conn
	observer *sql.Conn // nil until it is needed
	pid      int
	path     string         // the search_path before any file
	name     string         // of the schema that is looked at
	schema   catalog.Schema // as it is now
	// began is what others can see: the relations that were there when the
	// transaction began. now is what it has come to.
	began, now state
}

func openSession(ctx context.Context, db *sql.DB, schema catalog.Schema) (*session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to dev database: %w", err)
	}
	s := &session{db: db, conn: conn, schema: schema}
	err = conn.QueryRowContext(ctx, "SELECT pg_backend_pid(), current_setting('search_path'), coalesce(current_schema(), '')").Scan(&s.pid, &s.path, &s.name)
	if err != nil {
		s.close()
		return nil, fmt.Errorf("read the session: %w", err)
	}
	return s, nil
}

// close ends the session that migrated: it has whatever the files SET.
func (s *session) close() {
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	if s.observer != nil {
		_ = s.observer.Close() // the pool's business
	}
}

// statement runs one statement, in the transaction that is open or, without one,
// in its own.
func (s *session) statement(ctx context.Context, stmt *Statement) error {
	stmt.Before, stmt.After = s.schema, s.schema
	open, err := s.inTransaction()
	if err != nil {
		return err
	}
	stmt.Transaction = open
	switch {
	case control(stmt.SQL):
		return s.control(ctx, stmt)
	case open:
		return s.measured(ctx, stmt)
	}
	return s.autocommit(ctx, stmt)
}

// autocommit measures the statement in a transaction of its own, which is what
// it has anyway. One that PostgreSQL doesn't let into any is run outside, and
// watched.
func (s *session) autocommit(ctx context.Context, stmt *Statement) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := s.measured(ctx, stmt); err != nil {
		return err
	}
	if stmt.Err == nil {
		s.commit(ctx, stmt)
		return s.rollback(ctx)
	}
	state := sqlState(stmt.Err)
	if err := s.rollback(ctx); err != nil || state != activeTransaction && state != endsTransaction {
		return err
	}
	stmt.Err = nil
	if state == endsTransaction {
		stmt.Writes = []Write{{}}
	}
	return s.parked(ctx, stmt)
}

// The SQLSTATEs of a statement that can't be in a transaction, and of a block or a
// procedure that ends its own.
const (
	activeTransaction = "25001"
	endsTransaction   = "2D000"
)

// sqlState is the SQLSTATE of an error of PostgreSQL's, or empty.
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
	return s.mark(ctx)
}

// mark keeps what is there when a transaction begins. It looks from within: the
// counters that it reads may be reset between two transactions.
func (s *session) mark(ctx context.Context) (err error) {
	s.began, err = s.look(ctx, s.conn)
	s.now = s.began
	return err
}

// commit ends the transaction, if one is open. What it fails on, a deferred
// constraint, is the last statement's error.
func (s *session) commit(ctx context.Context, last *Statement) {
	if err := s.exec(ctx, "COMMIT"); err != nil {
		last.fail(err)
	}
}

// rollback ends a transaction that is still open.
func (s *session) rollback(ctx context.Context) error {
	open, err := s.inTransaction()
	if err != nil || !open {
		return err
	}
	return s.exec(ctx, "ROLLBACK")
}

func (s *session) exec(ctx context.Context, query string) error {
	if _, err := s.conn.ExecContext(ctx, query); err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

func (stmt *Statement) fail(err error) {
	stmt.Err = &migration.StatementError{File: stmt.File, Line: stmt.Line, SQL: stmt.SQL, Err: err}
}

// control reports whether a statement begins or ends transactions itself.
func control(query string) bool {
	for first := range sqltoken.All(query) {
		return first.Is("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release")
	}
	return false
}

// control runs such a statement, of which there is nothing to measure.
func (s *session) control(ctx context.Context, stmt *Statement) error {
	if _, err := s.conn.ExecContext(ctx, stmt.SQL); err != nil {
		stmt.fail(err)
		return nil
	}
	open, err := s.inTransaction()
	if err == nil && open {
		err = s.mark(ctx)
	}
	if err != nil {
		return err
	}
	return s.read(ctx, stmt)
}

// measured runs a statement in the open transaction and compares what is there
// before and after it.
func (s *session) measured(ctx context.Context, stmt *Statement) error {
	before := s.now
	start := time.Now()
	_, err := s.conn.ExecContext(ctx, stmt.SQL)
	stmt.Duration = time.Since(start)
	if err != nil {
		stmt.fail(err)
		return nil
	}
	if s.now, err = s.look(ctx, s.conn); err != nil {
		return err
	}
	stmt.Locks, stmt.Held = before.taken(s.now, s.began), before.held(s.began)
	stmt.Rewrites, stmt.Scans = before.rewritten(s.now, s.began), before.scanned(s.now, s.began)
	stmt.Writes = before.written(s.now, stmt.SQL)
	return s.read(ctx, stmt)
}

// errSchemaless is of a statement behind which no other can be run.
var errSchemaless = errors.New("no schema is left that search_path names")

// read reads the schema that a statement left, whatever search_path it set. Some of
// PostgreSQL's functions lock tables until the transaction's end: going back to a
// savepoint gives up what the reading took.
func (s *session) read(ctx context.Context, stmt *Statement) error {
	open, err := s.inTransaction()
	if err != nil {
		return err
	}
	begin, end := "BEGIN", "ROLLBACK"
	if open {
		begin, end = "SAVEPOINT trace", "ROLLBACK TO SAVEPOINT trace; RELEASE SAVEPOINT trace"
	}
	if err := s.exec(ctx, begin); err != nil {
		return err
	}
	var there bool
	err = s.conn.QueryRowContext(ctx, "SELECT current_schema() IS NOT NULL FROM set_config('search_path', $1, true)", s.path).Scan(&there)
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if !there {
		stmt.fail(errSchemaless)
		return s.exec(ctx, end)
	}
	if s.schema, err = catalog.Read(ctx, s.conn); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	stmt.After = s.schema
	return s.exec(ctx, end)
}
