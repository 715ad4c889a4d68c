// Package trace runs migrations statement by statement on a throwaway server and reads
// what each one did: the locks that it took, the tables and indexes that it rewrote,
// those that it scanned, and the schema before and after it. It judges nothing.
package trace

import (
	"time"

	"commitment/internal/migration/catalog"
)

// Lock is a lock that a statement took on a relation.
type Lock struct {
	Relation string `json:"relation"`
	Index    bool   `json:"index,omitempty"` // the relation is an index
	// Mode is PostgreSQL's name, as in "ACCESS EXCLUSIVE".
	Mode string `json:"mode"`
	// New says that no other session can see the relation yet, because it was created
	// in the same transaction: the lock blocks nobody.
	New bool `json:"new,omitempty"`
}

// BlocksReads reports whether SELECT waits for the lock.
func (l Lock) BlocksReads() bool { return l.Mode == "ACCESS EXCLUSIVE" }

// BlocksWrites reports whether INSERT, UPDATE and DELETE wait for it.
func (l Lock) BlocksWrites() bool {
	switch l.Mode {
	case "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE":
		return true
	}
	return false
}

// Statement is a statement of a migration and what it did.
type Statement struct {
	File string `json:"file"`
	// Line is where the statement begins, counted from 1.
	Line int    `json:"line"`
	SQL  string `json:"sql"`
	// Transaction says that the statement ran in the file's transaction, so that its
	// locks are held until the last statement.
	Transaction bool `json:"transaction"`
	// Locks are those that this statement took or strengthened.
	Locks []Lock `json:"locks,omitempty"`
	// Held are the locks that it ran under, taken by earlier statements of the same
	// transaction, on relations that others can see.
	Held     []Lock   `json:"held,omitempty"`
	Rewrites []string `json:"rewrites,omitempty"` // tables and indexes with new storage
	Scans    []string `json:"scans,omitempty"`    // tables read from end to end
	Writes   []Write  `json:"-"`                  // tables whose rows it changes
	Emptied  []string `json:"-"`                  // tables and indexes that a TRUNCATE empties
	// Duration is the time on the throwaway server, which says nothing about a server
	// with rows.
	Duration time.Duration `json:"-"`
	// Before and After are the schema before and after the statement.
	Before catalog.Schema `json:"-"`
	After  catalog.Schema `json:"-"`
	// Err is why the statement failed. Later statements weren't tried.
	Err error `json:"-"`
	// RowsErr is why the statement failed on tables with rows. It is nil if it failed
	// without them, too.
	RowsErr error `json:"-"`
}

// Failure is why the last statement failed, or nil.
func Failure(stmts []Statement) error {
	if len(stmts) == 0 {
		return nil
	}
	return stmts[len(stmts)-1].Err
}
