package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/internal/fault"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
)

// provoked is an error that PostgreSQL was brought to, and what Classify makes of it.
type provoked struct {
	name     string
	sqlstate string // empty for an error that isn't the server's
	provoke  func(t *testing.T, db *sql.DB) error
	want     *fault.Error // its kind and code; nil for an error that stays as it is
}

// What Classify makes of errors, without sentence and cause.
var (
	exists      = &fault.Error{Kind: fault.Conflict, Code: "already-exists"}
	referenced  = &fault.Error{Kind: fault.Conflict, Code: "still-referenced"}
	invalid     = &fault.Error{Kind: fault.Invalid}
	collided    = &fault.Error{Kind: fault.Unavailable, Code: "concurrent-update"}
	locked      = &fault.Error{Kind: fault.Unavailable, Code: "locked"}
	overdue     = &fault.Error{Kind: fault.Unavailable, Code: "timeout"}
	unreachable = &fault.Error{Kind: fault.Unavailable}
	canceled    = &fault.Error{Kind: fault.Canceled}
	forbidden   = &fault.Error{Kind: fault.Forbidden}
)

func TestClassifyByStatement(t *testing.T) {
	t.Parallel()
	classifyAll(t, []provoked{
		{"a value that exists", "23505", statement("INSERT INTO child (name) VALUES ('one')"), exists},
		{"a range that overlaps", "23P01", statement("INSERT INTO child (name, span) VALUES ('two', '[5,6]')"), exists},
		{"a reference to nothing", "23503", statement("INSERT INTO child (name, parent) VALUES ('two', 9)"), referenced},
		{"a row that is referred to", "23503", statement("DELETE FROM parent WHERE id = 1"), referenced},
		{"a value that is missing", "23502", statement("INSERT INTO child (name) VALUES (NULL)"), invalid},
		{"a value that breaks a rule", "23514", statement("INSERT INTO child (name, amount) VALUES ('two', 0)"), invalid},
		{"a number out of range", "22003", statement("SELECT 2147483647 + $1::int", 1), invalid},
		{"a text that is too long", "22001", statement("INSERT INTO child (name) VALUES ($1)", "longer"), invalid},
		{"a text with a NUL", "22021", statement("SELECT $1::text", "a\x00b"), invalid},
		{"a text that is no date", "22007", statement("SELECT $1::text::date", "soon"), invalid},
		{"a syntax error", "42601", statement("SELEKT"), nil},
		{"an undefined table", "42P01", statement("SELECT * FROM nothing"), nil},
		{"an undefined column", "42703", statement("SELECT nothing FROM child"), nil},
		{"a write in a read-only transaction", "25006", statement("BEGIN READ ONLY; DELETE FROM child"), nil},
		{"a role that isn't there", "22023", statement("SET ROLE nobody"), invalid},
		{"a role that may not be taken", "42501", statement("SET SESSION AUTHORIZATION pg_monitor; SET ROLE postgres"), nil},
		{"a row that a policy refuses", "42501", statement(refusing + "INSERT INTO refusing VALUES (1)"), forbidden},
		{"a row that a policy hides", "42501", statement(refusing + "INSERT INTO refusing VALUES (0) ON CONFLICT (id) DO UPDATE SET id = 2"), forbidden},
		{"a table that may not be written", "42501", statement("SET ROLE pg_monitor; INSERT INTO child (name) VALUES ('two')"), nil},
		{"a code of a login", "28000", statement("DO $$ BEGIN RAISE 'no' USING ERRCODE = '28000'; END $$"), nil},
		{"a code of a password", "28P01", statement("DO $$ BEGIN RAISE 'no' USING ERRCODE = '28P01'; END $$"), nil},
		{"a database that isn't there", "3D000", statement("DROP DATABASE nothing"), nil},
		{"a feature that isn't there", "0A000", statement("DECLARE c CURSOR WITH HOLD FOR SELECT FROM child FOR UPDATE"), nil},
		{"a server that shuts down", "57P01", statement("SELECT pg_terminate_backend(pg_backend_pid())"), unreachable},
		{"a pooler that lost the server", "08P01", statement("DO $$ BEGIN RAISE 'lost' USING ERRCODE = '08P01'; END $$"), unreachable},
		{"a COPY whose rows can't be read", "57014", copyNothing, nil},
		{"a statement that takes too long", "57014", statement("SET statement_timeout = 1; SELECT pg_sleep(600)"), overdue},
	})
}

// refusing is a table into which a policy lets no row. The session is one that it holds.
const refusing = `CREATE TABLE refusing (id int PRIMARY KEY); INSERT INTO refusing VALUES (0);
	ALTER TABLE refusing ENABLE ROW LEVEL SECURITY; GRANT ALL ON refusing TO pg_monitor; SET ROLE pg_monitor; `

// copyNothing fails to read what it copies.
func copyNothing(t *testing.T, db *sql.DB) error {
	t.Helper()
	return pgtest.Session(t, db).Raw(func(driverConn any) error {
		conn := driverConn.(interface{ Conn() *pgx.Conn }).Conn()
		_, err := conn.PgConn().CopyFrom(t.Context(), iotest.ErrReader(io.ErrUnexpectedEOF), "COPY child FROM STDIN")
		return err
	})
}

// statement runs a statement, or several that have no arguments.
func statement(query string, args ...any) func(*testing.T, *sql.DB) error {
	return func(t *testing.T, db *sql.DB) error {
		t.Helper()
		_, err := db.ExecContext(t.Context(), query, args...)
		return err
	}
}

func TestClassifyAtCommit(t *testing.T) {
	t.Parallel()
	classifyAll(t, []provoked{
		{"a reference to nothing", "23503", commit("INSERT INTO child (name, parent) VALUES ('two', 9)"), referenced},
		{"a value that exists", "23505", commit("UPDATE child SET serial = 7", "INSERT INTO child (name, serial) VALUES ('two', 7)"), exists},
		{"a write on what another one read", "40001", writeSkew, collided},
	})
}

// commit runs the statements with constraints deferred, and returns what COMMIT says.
func commit(statements ...string) func(*testing.T, *sql.DB) error {
	return func(t *testing.T, db *sql.DB) error {
		t.Helper()
		tx := begin(t, db, sql.LevelDefault)
		pgtest.Exec(t, tx, "SET CONSTRAINTS ALL DEFERRED")
		for _, s := range statements {
			pgtest.Exec(t, tx, s)
		}
		return tx.Commit()
	}
}

func TestClassifyConnecting(t *testing.T) {
	t.Parallel()
	dial := func(params func(t *testing.T) map[string]string) func(*testing.T, *sql.DB) error {
		return func(t *testing.T, _ *sql.DB) error {
			t.Helper()
			return open(t, postgres.Options{URL: pgtest.WithParams(t, pgtest.EmptyURL(t), params(t))}).PingContext(t.Context())
		}
	}
	classifyAll(t, []provoked{
		{"nobody listens", "", dial(func(t *testing.T) map[string]string {
			t.Helper()
			return map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(pgtest.DeadPort(t))}
		}), unreachable},
		{"no host takes writes", "", dial(func(*testing.T) map[string]string {
			return map[string]string{"default_transaction_read_only": "on", "target_session_attrs": "read-write"}
		}), unreachable},
		{"the database isn't there", "3D000", dial(func(*testing.T) map[string]string {
			return map[string]string{"dbname": "nothing"}
		}), unreachable},
		{"the role isn't there", "28P01", dial(func(*testing.T) map[string]string {
			return map[string]string{"user": "nobody"}
		}), unreachable},
	})
}

// classifyAll brings each error about, on a database of its own, and classifies it.
func classifyAll(t *testing.T, cases []provoked) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := openFamily(t)
			err := tt.provoke(t, db)
			if err == nil {
				t.Fatal("error = nil, want one")
			}
			pgErr, _ := errors.AsType[*pgconn.PgError](err)
			if got := sqlstate(pgErr); got != tt.sqlstate {
				t.Fatalf("SQLSTATE of %v = %q, want %q", err, got, tt.sqlstate)
			}
			wantClassified(t, postgres.Constraints(nil).Classify(err), err, tt.want)
		})
	}
}

func sqlstate(err *pgconn.PgError) string {
	if err == nil {
		return ""
	}
	return err.Code
}

// wantClassified compares kind and code, and wants the error as it was for the cause.
func wantClassified(t *testing.T, got, err error, want *fault.Error) {
	t.Helper()
	if want == nil {
		if got != err { //nolint:errorlint // the very error
			t.Errorf("Classify(%v) = %v, want it unchanged", err, got)
		}
		return
	}
	classified, ok := got.(*fault.Error) //nolint:errorlint // not wrapped again
	if !ok {
		t.Fatalf("Classify(%v) = %T, want %T", err, got, want)
	}
	if diff := cmp.Diff(want, classified, cmpopts.IgnoreFields(fault.Error{}, "Message", "Cause", "Constraint")); diff != "" {
		t.Errorf("Classify(%v) (-want +got):\n%s", err, diff)
	}
	if classified.Message == "" || classified.Cause != err { //nolint:errorlint // the very error
		t.Errorf("message = %q, cause = %v, want a sentence and %v", classified.Message, classified.Cause, err)
	}
}

// openFamily returns a pool on a database with constraints of all kinds.
func openFamily(t *testing.T) *sql.DB {
	t.Helper()
	db := open(t, single)
	db.SetMaxOpenConns(3)
	pgtest.Exec(t, db, `
		CREATE TABLE parent (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
		CREATE TABLE child (
			name   varchar(3) NOT NULL CONSTRAINT child_name_key UNIQUE,
			parent int REFERENCES parent DEFERRABLE,
			amount int CONSTRAINT child_amount_positive CHECK (amount > 0),
			serial int UNIQUE DEFERRABLE,
			span   int4range,
			EXCLUDE USING gist (span WITH &&)
		);
		INSERT INTO parent VALUES (1), (2);
		INSERT INTO child VALUES ('one', 1, 1, 1, '[1,9]')`)
	return db
}

func begin(t *testing.T, db *sql.DB, isolation sql.IsolationLevel) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: isolation})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

func TestConstraintNamesWin(t *testing.T) {
	t.Parallel()
	taken := fault.New(fault.Invalid, "name-taken", "this name is taken").At("/name")
	constraints := postgres.Constraints{
		"child_name_key":    taken,
		"child_parent_fkey": fault.New(fault.NotFound, "no-parent", "there is no such parent"),
		"":                  fault.New(fault.Unknown, "nonsense", "an error without a constraint"),
	}
	for _, tt := range []struct {
		name    string
		provoke func(*testing.T, *sql.DB) error
		want    *fault.Error
	}{
		{"in a statement", statement("INSERT INTO child (name) VALUES ('one')"),
			&fault.Error{Kind: fault.Invalid, Code: "name-taken", Fields: taken.Fields}},
		{"at COMMIT", commit("INSERT INTO child (name, parent) VALUES ('two', 9)"),
			&fault.Error{Kind: fault.NotFound, Code: "no-parent"}},
		{"and leave other constraints alone", statement("INSERT INTO child (name, amount) VALUES ('two', 0)"), invalid},
		{"and leave errors without a constraint alone", statement("SELEKT"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.provoke(t, openFamily(t))
			wantClassified(t, constraints.Classify(err), err, tt.want)
		})
	}
	if taken.Cause != nil {
		t.Errorf("cause of the template = %v, want none", taken.Cause)
	}
}

func TestClassifyFindsWhatIsWrapped(t *testing.T) {
	t.Parallel()
	err := statement("INSERT INTO child (name) VALUES ('one')")(t, openFamily(t))
	for _, wrapped := range []error{
		fmt.Errorf("insert child: %w", err),
		errors.Join(errors.New("another"), err),
	} {
		wantClassified(t, postgres.Constraints{}.Classify(wrapped), wrapped, exists)
	}
}

func TestClassifyFindsWhatEntWraps(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{URL: pgtest.URL(t)})
	client := ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, db)))
	create := rowtest.Create(client, "a")
	if err := create.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := create.Exec(t.Context()) // of the same id and key
	if !ent.IsConstraintError(err) {
		t.Fatalf("error = %v, want one of Ent's", err)
	}
	wantClassified(t, postgres.Constraints{}.Classify(err), err, exists)
}

func TestClassifyLeavesTheRest(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		nil,
		errors.New("another"),
		sql.ErrNoRows,
		fault.New(fault.NotFound, "", "there is no such thing"),
		fault.New(fault.Stale, "", "it has changed").With(&pgconn.PgError{Code: "23505"}),
	} {
		wantClassified(t, postgres.Constraints{}.Classify(err), err, nil)
	}
	stale := fault.New(fault.Stale, "", "it has changed")
	if got := (postgres.Constraints{}).Classify(fmt.Errorf("update child: %w", stale)); got != stale { //nolint:errorlint // the very error
		t.Errorf("Classify() = %v, want %v", got, stale)
	}
}

func TestClassifyTellsWhyAContextEnded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want *fault.Error
	}{
		{context.Canceled, nil}, // the request's, or another one: package problem knows
		{context.DeadlineExceeded, nil},
		{errors.Join(context.Canceled, &pgconn.PgError{Code: "57014"}), canceled},
		{errors.Join(context.DeadlineExceeded, &pgconn.PgError{Code: "57014"}), overdue},
	} {
		wantClassified(t, postgres.Constraints{}.Classify(tt.err), tt.err, tt.want)
	}
}

// TestConnectTimeoutIsTheDatabases is about a connect that takes too long by itself: it
// looks like the end of a context, and isn't that of the request.
func TestConnectTimeoutIsTheDatabases(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{
		URL: "postgres://nobody@" + pgtest.ListenSilently(t) + "/nothing?sslmode=disable", ConnectTimeout: 20 * time.Millisecond,
	})
	err := db.PingContext(t.Context())
	if !errors.Is(err, context.DeadlineExceeded) || !pgtx.IsConnectionError(err) {
		t.Errorf("Ping() = %v, want a timeout of the connect", err)
	}
	wantClassified(t, postgres.Constraints{}.Classify(err), err, unreachable)

	hasty, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.PingContext(hasty); pgtx.IsConnectionError(err) {
		t.Errorf("Ping() = %v on a context that has ended, want no end of a connection", err)
	}
}

// TestAnotherDatabaseIsNotOurs is about a handler with a PostgreSQL of its own.
func TestAnotherDatabaseIsNotOurs(t *testing.T) {
	t.Parallel()
	_, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://127.0.0.1:%d/none", pgtest.DeadPort(t)))
	if _, ok := errors.AsType[*pgconn.ConnectError](err); !ok {
		t.Fatalf("Connect() = %v, want a refusal", err)
	}
	if pgtx.IsConnectionError(err) {
		t.Errorf("IsConnectionError(%v) = true, want false", err)
	}
	wantClassified(t, postgres.Constraints{}.Classify(err), err, nil)
}
