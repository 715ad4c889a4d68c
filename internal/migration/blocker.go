package migration

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Blocker is a session that holds a lock which a migration waits for, or that is ahead
// of it in the queue.
type Blocker struct {
	// PID is the ID of the session's server process; 0 for a prepared transaction,
	// which has none.
	PID int
	// Application, User and State are those of pg_stat_activity. They and Query are
	// empty if the migration's role may not see them.
	Application, User, State string
	// Open is how long its transaction has been open; 0 without one, or if the
	// migration's role may not see it.
	Open time.Duration
	// Query is the first 80 characters of what it runs or ran last.
	Query string
}

// String describes the session in one line.
func (b Blocker) String() string {
	if b.PID == 0 {
		return "a prepared transaction"
	}
	var known []string
	for _, s := range []string{b.Application, b.User, b.State} {
		if s != "" {
			known = append(known, s)
		}
	}
	if b.Open > 0 {
		known = append(known, fmt.Sprintf("open for %s", b.Open.Round(time.Millisecond)))
	}
	text := fmt.Sprintf("pid %d", b.PID)
	if len(known) > 0 {
		text += " (" + strings.Join(known, ", ") + ")"
	}
	if b.Query != "" {
		text += ": " + b.Query
	}
	return text
}

// BlockedError reports that a lock on a table wasn't granted within
// [ApplyOptions.TableLockWait].
type BlockedError struct {
	Tries    int
	Waited   time.Duration
	Blockers []Blocker // of the last try; none when nobody could be asked
	Err      error     // PostgreSQL's, of the last try
}

// Error reports how long it waited and for whom.
func (e *BlockedError) Error() string {
	by := ""
	if len(e.Blockers) > 0 {
		by = " by " + strings.Join(describe(e.Blockers), "; ")
	}
	return fmt.Sprintf("blocked%s during all %d tries in %s: %v", by, e.Tries, e.Waited.Round(time.Millisecond), e.Err)
}

// Unwrap returns the cause.
func (e *BlockedError) Unwrap() error { return e.Err }

func describe(blockers []Blocker) []string {
	var all []string
	for _, b := range blockers {
		all = append(all, b.String())
	}
	return all
}

// blocked wraps err, below the place that it names.
func blocked(err error, b BlockedError) error {
	if at, ok := errors.AsType[*StatementError](err); ok {
		b.Err = at.Err
		return &StatementError{File: at.File, Line: at.Line, SQL: at.SQL, Err: &b}
	}
	b.Err = err
	return &b
}
