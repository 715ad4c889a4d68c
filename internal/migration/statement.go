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

// StatementError is a statement of a migration that failed. If PostgreSQL refused it,
// Err wraps the [pgconn.PgError] with SQLSTATE, detail and hint.
//
// [pgconn.PgError]: https://pkg.go.dev/github.com/jackc/pgx/v5/pgconn#PgError
type StatementError struct {
	// File is the migration's name, and Line where the statement begins, counted from
	// 1.
	File string
	Line int
	// SQL is the whole statement.
	SQL string
	Err error
}

// Error names the place, the error with its SQLSTATE, and the statement's first line.
func (e *StatementError) Error() string {
	first, rest, _ := strings.Cut(e.SQL, "\n")
	if rest != "" {
		first += " …"
	}
	return fmt.Sprintf("%s:%d: %v: %s", e.File, e.Line, e.Err, first)
}

// Unwrap returns the cause.
func (e *StatementError) Unwrap() error { return e.Err }

// errFromClient is the error of a statement that would wait forever for its rows.
var errFromClient = errors.New("COPY FROM STDIN needs a client that sends the rows: use INSERT in a migration")

// errIsRevert is the error of a revert where Atlas would run it as a migration.
var errIsRevert = errors.New("every .sql file of this folder is run as a migration: move a revert to the folder down, under the name of its migration")

// CheckRunnable returns an error for a file that can't be run, before any of it is: its
// txmode is invalid, it is a revert, or a statement waits for rows that nobody sends, which is a
// [StatementError].
func CheckRunnable(f migrate.File) error {
	if strings.HasSuffix(f.Name(), ".down.sql") {
		return fmt.Errorf("%s: %w", f.Name(), errIsRevert)
	}
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

// locate turns the executor's error, which knows only a version, into one that names
// the file and line. What else the executor reports is dropped: in an aborted
// transaction its record of the failure can only fail too.
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

// Statements are the statements of a file, split as Atlas's PostgreSQL driver splits
// what it runs: [migrate.File.StmtDecls] doesn't recognize blocks.
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

// lineOf is the line of the byte at pos, counted from 1.
func lineOf(f migrate.File, pos int) int {
	return 1 + bytes.Count(f.Bytes()[:pos], []byte("\n"))
}
