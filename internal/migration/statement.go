package migration

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
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

// lineOf is the line on which the byte at pos stands, counted from 1.
func lineOf(f migrate.File, pos int) int {
	return 1 + bytes.Count(f.Bytes()[:pos], []byte("\n"))
}
