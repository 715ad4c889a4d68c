package hazard

import (
	"errors"
	"iter"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/trace"
)

// subject is a statement with what a rule asks about it.
type subject struct {
	trace.Statement
	stmt statement
	file []trace.Statement // all statements of the file
	at   int               // the statement's index in it
	safe []plan.Step       // the safe form; empty if no rule has one
}

func newSubject(file []trace.Statement, at int) subject {
	s := subject{Statement: file[at], stmt: parse(file[at].SQL), file: file, at: at}
	s.safe = s.rewrite()
	if s.pending() && len(s.safe) > 0 {
		s.safe[0].Apart = true
	}
	return s
}

// parts are the statements of a DO block, or the statement itself, and those in the WITH
// of either. What a block did was measured as a whole, and nothing in it has a safe form.
func (s subject) parts() []subject {
	stmts := s.stmt.inner()
	if len(stmts) == 0 {
		stmts = []statement{s.stmt}
	} else {
		s.safe = nil
	}
	var all []subject
	for _, s.stmt = range stmts {
		all = append(all, s)
		for _, s.stmt = range s.stmt.writesInWith() {
			s.safe = nil
			all = append(all, s)
		}
	}
	return all
}

// asIs is the statement itself, as a step of that kind.
func (s subject) asIs(step plan.Step) []plan.Step {
	step.SQL = parse(s.SQL).sql
	return []plan.Step{step}
}

// pair is a table before and after a statement.
type pair struct{ before, after catalog.Table }

// tables are those in use that the statement leaves in place.
func (s subject) tables() iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for _, before := range s.Before.Tables {
			after, stays := s.After.TableOf(before)
			if stays && s.inUse(before) && !yield(pair{before, after}) {
				return
			}
		}
	}
}

// created are the tables that the statement creates.
func (s subject) created() []catalog.Table {
	return slices.DeleteFunc(slices.Clone(s.After.Tables), func(t catalog.Table) bool {
		_, was := s.Before.TableOf(t)
		return was
	})
}

// dropped are the tables in use that the statement drops.
func (s subject) dropped() []catalog.Table {
	return slices.DeleteFunc(slices.Clone(s.Before.Tables), func(t catalog.Table) bool {
		_, stays := s.After.TableOf(t)
		return stays || !s.inUse(t)
	})
}

// inUse reports whether a table existed when the file began.
func (s subject) inUse(t catalog.Table) bool {
	_, was := s.file[0].Before.TableOf(t)
	return was
}

// nameInUse is inUse for the table that has the name before the statement.
func (s subject) nameInUse(name string) bool {
	t, ok := s.Before.Table(name)
	return ok && s.inUse(t)
}

// emptied reports whether an earlier statement of the file removed all rows of the table,
// and none after it added others.
func (s subject) emptied(name string) bool {
	t, ok := s.Before.Table(name)
	if !ok {
		return false
	}
	for _, earlier := range slices.Backward(s.file[:s.at]) {
		was, _ := earlier.Before.TableOf(t)
		if slices.Contains(earlier.Emptied, was.Name) {
			return true
		}
		if slices.ContainsFunc(earlier.Writes, func(w trace.Write) bool { return w.Table == t.OID || w.Table == 0 }) {
			return false
		}
	}
	return false
}

// lock is the lock on a table that the statement took, or that it ran under.
func (s subject) lock(table string) (trace.Lock, bool) {
	for _, l := range slices.Concat(s.Locks, s.Held) {
		if l.Relation == table && !l.Index && !l.New {
			return l, true
		}
	}
	return trace.Lock{}, false
}

// blocking are those of the locks that block writes to a table in use.
func (s subject) blocking(locks []trace.Lock) []trace.Lock {
	return slices.DeleteFunc(slices.Clone(locks), func(l trace.Lock) bool {
		return l.Index || l.New || !l.BlocksWrites() || !s.nameInUse(l.Relation)
	})
}

// blocked says what a lock blocks, as in "reads and writes of products".
func blocked(l trace.Lock) string {
	if l.BlocksReads() {
		return "reads and writes of " + l.Relation
	}
	return "writes to " + l.Relation
}

// severity of a lock that is held for as long as something takes.
func severity(l trace.Lock) Severity {
	if l.BlocksReads() {
		return Error
	}
	return Warning
}

func (s subject) scanned(table string) bool   { return slices.Contains(s.Scans, table) }
func (s subject) rewritten(table string) bool { return slices.Contains(s.Rewrites, table) }

// scannedWhole reports whether a table was scanned, or a partition of it.
func (s subject) scannedWhole(t catalog.Table) bool {
	return s.scanned(t.Name) || partitioned(t) && len(s.Scans) > 0
}

func partitioned(t catalog.Table) bool { return strings.Contains(t.Options, "PARTITION BY ") }
func partition(t catalog.Table) bool   { return strings.HasPrefix(t.Options, "PARTITION OF ") }

// later are the statements during which this one's locks are held.
func (s subject) later() []trace.Statement {
	if !s.Transaction {
		return nil
	}
	return s.file[s.at+1:]
}

// final is the schema at the end of the file.
func (s subject) final() catalog.Schema { return s.file[len(s.file)-1].After }

// failedWith reports whether the statement failed with that SQLSTATE.
func (s subject) failedWith(state string) bool { return sqlState(s.Err) == state }

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
