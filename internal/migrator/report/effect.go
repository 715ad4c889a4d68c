package report

import (
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/trace"
)

// statement is a [trace.Statement] as it is shown, its text clean.
type statement struct {
	Line  int
	SQL   string
	Short string // on one line
	// Locks are the locks that others can notice, such as "SHARE on products".
	Locks    []string
	Blocks   []string // whom they block, and until when
	Rewrites []string
	Scans    []string
	Error    string
}

func shownStatement(s trace.Statement) statement {
	shown := statement{
		Line: s.Line, SQL: block(s.SQL), Short: line(s.SQL),
		Rewrites: lines(s.Rewrites), Scans: lines(s.Scans),
	}
	locks := ownLocks(s)
	for _, l := range locks {
		shown.Locks = append(shown.Locks, lockText(l))
	}
	shown.Blocks = blocked(locks, until(s))
	if s.Err != nil {
		shown.Error = line(s.Err.Error())
	}
	return shown
}

// Effects describe what the statement does, a phrase each.
func (s statement) Effects() []string {
	effects := slices.Concat(s.Locks, s.Blocks)
	if len(s.Rewrites) > 0 {
		effects = append(effects, "rewrites "+list(s.Rewrites))
	}
	if len(s.Scans) > 0 {
		effects = append(effects, "scans "+list(s.Scans))
	}
	if s.Error != "" {
		effects = append(effects, "fails: "+s.Error)
	}
	if len(effects) == 0 {
		return []string{"blocks nobody"}
	}
	return effects
}

func lines(texts []string) []string {
	var cleaned []string
	for _, s := range texts {
		cleaned = append(cleaned, line(s))
	}
	return cleaned
}

func lockText(l trace.Lock) string {
	return line(l.Mode) + " on " + relation(l)
}

func relation(l trace.Lock) string {
	if l.Index {
		return "index " + line(l.Relation)
	}
	return line(l.Relation)
}

// strength orders the modes of locks by which others notice DDL; 0 is every other mode,
// which ordinary statements take as well.
func strength(mode string) int {
	return 1 + slices.Index([]string{
		"SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
	}, mode)
}

// noticeable are the locks that others can notice, the strongest of each relation,
// without those on new relations and those on an index whose table is locked as
// strongly.
func noticeable(before catalog.Schema, locks []trace.Lock) []trace.Lock {
	strongest := map[string]trace.Lock{}
	var order []string
	for _, l := range locks {
		if l.New || strength(l.Mode) == 0 {
			continue
		}
		known, seen := strongest[l.Relation]
		if !seen {
			order = append(order, l.Relation)
		}
		if strength(l.Mode) > strength(known.Mode) {
			strongest[l.Relation] = l
		}
	}
	var kept []trace.Lock
	for _, name := range order {
		l := strongest[name]
		if table, known := strongest[owner(before, name)]; l.Index && known && strength(table.Mode) >= strength(l.Mode) {
			continue
		}
		kept = append(kept, l)
	}
	return kept
}

// ownLocks are the noticeable locks that the statement took itself: not those on the
// indexes of a table that an earlier statement locked.
func ownLocks(s trace.Statement) []trace.Lock {
	return slices.DeleteFunc(noticeable(s.Before, slices.Concat(s.Held, s.Locks)), func(l trace.Lock) bool { return !slices.Contains(s.Locks, l) })
}

// owner is the table of an index.
func owner(s catalog.Schema, index string) string {
	for _, t := range s.Tables {
		if slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool { return i.Name == index }) {
			return t.Name
		}
	}
	return ""
}

// until says when the locks of a statement are released.
func until(s trace.Statement) string {
	if s.Transaction {
		return "until the file is committed"
	}
	return "while it runs"
}

// blocked says what the locks block.
func blocked(locks []trace.Lock, until string) []string {
	var all, writes []string
	for _, l := range locks {
		switch {
		case l.BlocksReads():
			all = append(all, relation(l))
		case l.BlocksWrites():
			writes = append(writes, relation(l))
		}
	}
	var phrases []string
	if len(all) > 0 {
		phrases = append(phrases, "blocks reads and writes of "+list(all)+" "+until)
	}
	if len(writes) > 0 {
		phrases = append(phrases, "blocks writes to "+list(writes)+" "+until)
	}
	return phrases
}

// joined joins phrases with semicolons, for a cell of a table.
func joined(phrases []string) string { return strings.Join(phrases, "; ") }
