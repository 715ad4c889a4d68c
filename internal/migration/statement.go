package migration

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/sqltoken"
)

// StatementError is a statement of a migration that failed. Its Err holds the
// [pgconn.PgError] with SQLSTATE, detail and hint when PostgreSQL refused it.
//
// [pgconn.PgError]: https://pkg.go.dev/github.com/jackc/pgx/v5/pgconn#PgError
type StatementError struct {
	// File is the migration's name, and Line, counted from 1, the one on which
	// the statement begins.
	File string
	Line int
	// SQL is the whole statement.
	SQL string
	Err error
}

// Error names the place, the statement's first line and, as part of what
// PostgreSQL says, the SQLSTATE.
func (e *StatementError) Error() string {
	first, rest, _ := strings.Cut(e.SQL, "\n")
	if rest != "" {
		first += " …"
	}
	return fmt.Sprintf("%s:%d: %v: %s", e.File, e.Line, e.Err, first)
}

// Unwrap returns the cause.
func (e *StatementError) Unwrap() error { return e.Err }

// errFromClient is of a statement that would wait for its rows for ever.
var errFromClient = errors.New("COPY FROM STDIN takes its rows from a client, and a migration is none: write INSERT")

// Runnable says why a file can't be run, before any of it is: its txmode is none
// that there is, or a statement waits for what nobody sends, which is a
// [StatementError].
func Runnable(f migrate.File) error {
	if _, err := InTransaction(f); err != nil {
		return err
	}
	if !bytes.Contains(bytes.ToLower(f.Bytes()), []byte("stdin")) {
		return nil
	}
	stmts, err := Statements(f)
	if err != nil {
		return err
	}
	for _, s := range stmts {
		if copiesFromClient(s.Text) {
			return &StatementError{File: f.Name(), Line: lineOf(f, s.Pos), SQL: s.Text, Err: errFromClient}
		}
	}
	return nil
}

func copiesFromClient(sql string) bool {
	tokens := slices.Collect(sqltoken.All(sql))
	if len(tokens) == 0 || !tokens[0].Is("copy") {
		return false
	}
	from := slices.IndexFunc(tokens, func(t sqltoken.Token) bool { return t.Is("from") })
	return from > 0 && from+1 < len(tokens) && tokens[from+1].Is("stdin")
}

// locate turns the executor's error for a statement, which knows only a version,
// into one that says where the statement stands. What the executor adds to it is
// dropped: in an aborted transaction its note of the failure can only fail too.
func locate(dir migrate.Dir, err error) error {
	failed, ok := errors.AsType[*migrate.StmtExecError](err)
	if !ok {
		return err
	}
	e := &StatementError{File: failed.Version, SQL: failed.Stmt.Text, Err: failed.Err}
	files, ferr := dir.Files()
	if ferr != nil {
		return e
	}
	for _, f := range files {
		if f.Version() == failed.Version {
			e.File = f.Name()
			e.Line = lineOf(f, failed.Stmt.Pos)
		}
	}
	return e
}

// Statements are the statements of a file, cut as Atlas's driver for PostgreSQL cuts
// what it runs: [migrate.File.StmtDecls] knows no blocks.
func Statements(f migrate.File) ([]*migrate.Stmt, error) {
	stmts, err := scan(string(f.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return stmts, nil
}

func scan(text string) ([]*migrate.Stmt, error) {
	return (&migrate.Scanner{ScannerOptions: migrate.ScannerOptions{
		MatchBegin: true, MatchBeginAtomic: true, MatchDollarQuote: true, EscapedStringExt: true,
	}}).Scan(text)
}

// lineOf is the line on which the byte at pos stands, counted from 1.
func lineOf(f migrate.File, pos int) int {
	return 1 + bytes.Count(f.Bytes()[:pos], []byte("\n"))
}
