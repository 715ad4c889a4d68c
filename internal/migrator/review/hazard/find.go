package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/trace"
)

// Find judges the statements of one file in their order. A table that the file
// itself makes is in nobody's way, one that an earlier file makes is taken to be
// there, with rows.
func Find(stmts []trace.Statement) []Finding {
	var all []Finding
	for i := range stmts {
		all = append(all, findIn(newScene(stmts, i).parts())...)
	}
	return all
}

// findIn judges the parts of one statement, which may be found to do the same.
func findIn(parts []scene) []Finding {
	var all []Finding
	for _, s := range parts {
		for _, rule := range rules {
			for _, f := range rule.find(s) {
				twice := func(other Finding) bool { return other.Code == f.Code && other.Title == f.Title }
				if len(parts) == 1 || !slices.ContainsFunc(all, twice) {
					all = append(all, s.complete(f))
				}
			}
		}
	}
	return all
}

// find returns the rule's own findings.
func (r Rule) find(s scene) []Finding {
	found := slices.DeleteFunc(r.check(s), func(f Finding) bool { return f.Code != "" && f.Code != r.Code })
	for i := range found {
		found[i].Code, found[i].Docs, found[i].Timed = r.Code, r.Docs, r.Timed
	}
	return found
}

// complete fills in what rules don't say.
func (s scene) complete(f Finding) Finding {
	f.File, f.Line, f.Statement = s.File, s.Line, s.at+1
	if f.Evidence == "" {
		f.Evidence = Measured
	}
	l, locked := s.lock(f.Table)
	if f.Lock == "" && locked && (l.BlocksReads() || l.BlocksWrites()) {
		f.Lock = l.Mode + " on " + f.Table
		if n := len(s.behind()); n > 0 {
			f.Reason += fmt.Sprintf(" The lock stays until the end of the file, %s later.", count(n, "statement"))
		}
	}
	return f
}

func count(n int, noun string) string {
	if n == 1 {
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// again is the statement as it is, with a step's properties.
func (s scene) again(step plan.Step) []plan.Step {
	step.SQL = read(s.SQL).sql
	return []plan.Step{step}
}
