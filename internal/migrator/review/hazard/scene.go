package hazard

import (
	"errors"
	"iter"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/trace"
)

// scene is a statement with what a rule asks about it.
type scene struct {
	trace.Statement
	text text
	file []trace.Statement // all of the file
	at   int               // the statement's place in it
	safe []plan.Step       // the same done safely, empty when no rule knows how
}

func newScene(file []trace.Statement, at int) scene {
	s := scene{Statement: file[at], text: read(file[at].SQL), file: file, at: at}
	s.safe = s.rewrite()
	return s
}

// parts are the statements of a DO, which did together what was measured and can't
// be done safely as long as they are in it, or the statement itself.
func (s scene) parts() []scene {
	inner := s.text.inner()
	if len(inner) == 0 {
		return []scene{s}
	}
	s.safe = nil
	var all []scene
	for _, s.text = range inner {
		all = append(all, s)
	}
	return all
}

// pair is a table before and after a statement.
type pair struct{ before, after catalog.Table }

// tables are those that were there when the file began and still are.
func (s scene) tables() iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for _, before := range s.Before.Tables {
			after, stays := byOID(s.After, before.OID)
			if stays && s.old(before.OID) && !yield(pair{before, after}) {
				return
			}
		}
	}
}

// created are the tables that the statement makes.
func (s scene) created() []catalog.Table {
	return slices.DeleteFunc(slices.Clone(s.After.Tables), func(t catalog.Table) bool {
		_, was := byOID(s.Before, t.OID)
		return was
	})
}

// dropped are the tables that were there when the file began and that the statement
// drops.
func (s scene) dropped() []catalog.Table {
	return slices.DeleteFunc(slices.Clone(s.Before.Tables), func(t catalog.Table) bool {
		_, stays := byOID(s.After, t.OID)
		return stays || !s.old(t.OID)
	})
}

// old reports whether a table was there when the file began.
func (s scene) old(oid uint32) bool {
	_, was := byOID(s.file[0].Before, oid)
	return was
}

// oldName is old for the table that has the name before the statement.
func (s scene) oldName(name string) bool {
	t, ok := s.Before.Table(name)
	return ok && s.old(t.OID)
}

func byOID(s catalog.Schema, oid uint32) (catalog.Table, bool) {
	i := slices.IndexFunc(s.Tables, func(t catalog.Table) bool { return t.OID == oid })
	if i < 0 {
		return catalog.Table{}, false
	}
	return s.Tables[i], true
}

// lock is the lock on a table that the statement took, or has from one before it.
func (s scene) lock(table string) (trace.Lock, bool) {
	for _, l := range slices.Concat(s.Locks, s.Held) {
		if l.Relation == table && !l.Index && !l.New {
			return l, true
		}
	}
	return trace.Lock{}, false
}

// stops are the locks, of those given, that others have to wait for to write.
func (s scene) stops(locks []trace.Lock) []trace.Lock {
	return slices.DeleteFunc(slices.Clone(locks), func(l trace.Lock) bool {
		return l.Index || l.New || !l.BlocksWrites() || !s.oldName(l.Relation)
	})
}

func (s scene) scanned(table string) bool   { return slices.Contains(s.Scans, table) }
func (s scene) rewritten(table string) bool { return slices.Contains(s.Rewrites, table) }

// through reports whether a table was scanned, or a partition of it.
func (s scene) through(t catalog.Table) bool {
	return s.scanned(t.Name) || partitioned(t) && len(s.Scans) > 0
}

// behind are the statements during which the locks of this one are held.
func (s scene) behind() []trace.Statement {
	if !s.Transaction {
		return nil
	}
	return s.file[s.at+1:]
}

// last is the schema that the file leaves.
func (s scene) last() catalog.Schema { return s.file[len(s.file)-1].After }

// refused reports whether the statement failed with that SQLSTATE.
func (s scene) refused(state string) bool {
	err, ok := errors.AsType[interface {
		error
		SQLState() string
	}](s.Err)
	return ok && err.SQLState() == state
}

// added are the columns that only after has.
func (p pair) added() []catalog.Column {
	return slices.DeleteFunc(slices.Clone(p.after.Columns), func(c catalog.Column) bool {
		_, was := p.column(c.Position)
		return was
	})
}

// column is the one at a position before the statement.
func (p pair) column(position int16) (catalog.Column, bool) { return columnAt(p.before, position) }

func columnAt(t catalog.Table, position int16) (catalog.Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Position == position })
	if i < 0 {
		return catalog.Column{}, false
	}
	return t.Columns[i], true
}

// altered are the columns that both have, as they were and as they are.
func (p pair) altered() iter.Seq2[catalog.Column, catalog.Column] {
	return func(yield func(was, is catalog.Column) bool) {
		for _, was := range p.before.Columns {
			if is, stays := columnAt(p.after, was.Position); stays && !yield(was, is) {
				return
			}
		}
	}
}

// constraints are those that only after has.
func (p pair) constraints() []catalog.Constraint { return newConstraints(p.before, p.after) }

func newConstraints(before, after catalog.Table) []catalog.Constraint {
	return slices.DeleteFunc(slices.Clone(after.Constraints), func(c catalog.Constraint) bool {
		return slices.ContainsFunc(before.Constraints, func(o catalog.Constraint) bool {
			return o.OID == c.OID || o.Name == c.Name && o.Type == c.Type && (o.Definition == c.Definition || retyped(before, after))
		})
	})
}

// retyped reports whether a column has another type, for which PostgreSQL makes what
// depends on it anew.
func retyped(before, after catalog.Table) bool {
	for was, is := range (pair{before, after}).altered() {
		if was.Type != is.Type || was.Collation != is.Collation {
			return true
		}
	}
	return false
}

// indexes are those that only after has.
func (p pair) indexes() []catalog.Index { return newIndexes(p.before, p.after) }

func newIndexes(before, after catalog.Table) []catalog.Index {
	return slices.DeleteFunc(slices.Clone(after.Indexes), func(i catalog.Index) bool {
		return slices.ContainsFunc(before.Indexes, func(o catalog.Index) bool { return o.OID == i.OID })
	})
}

// fresh reports whether all of the columns came with the statement.
func (p pair) fresh(columns []string) bool {
	return len(columns) > 0 && !slices.ContainsFunc(columns, func(name string) bool {
		_, was := p.before.Column(name)
		return was
	})
}
