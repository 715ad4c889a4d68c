package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
)

var cm227 = Rule{
	Code: "CM227", Slug: "rows-hidden-from-owner", Manual: rowSecurityManual,
	Title: "row-level security hides rows from the migration itself",
	check: rowsHiddenFromOwner,
}

// rowsHiddenFromOwner finds what is refused to a role that migrates and doesn't bypass
// row-level security. The review's own role usually does.
func rowsHiddenFromOwner(s subject) (found []Finding) {
	hidden := func(table, what, reason string) {
		found = append(found, Finding{
			Severity: Warning, Evidence: Inferred, Table: table,
			Title:  fmt.Sprintf("%s is refused to the owner of %s, from whom row-level security hides rows", what, table),
			Reason: reason + " migrate apply has PostgreSQL refuse that (SQLSTATE 42501).",
			Advice: fmt.Sprintf("In a file without a transaction, put ALTER TABLE %s NO FORCE ROW LEVEL SECURITY before it and FORCE ROW LEVEL SECURITY after it; "+
				"or migrate as a role with BYPASSRLS.", table),
		})
	}
	verb, named := s.writes()
	if t, ok := s.Before.Table(named); ok && heldOwner(t) {
		hidden(t.Name, "this "+verb, "It would change no row, without an error.")
	}
	for _, w := range s.Writes {
		if t, ok := s.Before.TableOf(catalog.Table{OID: w.Table}); ok && heldOwner(t) && t.Name != named && !slices.Contains(s.Emptied, t.Name) {
			hidden(t.Name, "this statement", "It would pass over rows, without an error.")
		}
	}
	for _, p := range s.remade() {
		for _, c := range p.after.Constraints {
			if other, _ := s.Before.Table(c.References); !s.looksUp(p, c) || !heldOwner(p.before) && !heldOwner(other) {
				continue
			}
			hidden(p.after.Name, "checking "+c.Name, "The foreign key would be found valid without a look at the rows.")
		}
	}
	return found
}

// heldOwner reports whether row-level security hides rows from the owner of a table.
func heldOwner(t catalog.Table) bool { return secured(t) && forced(t) }

// looksUp reports whether the statement looks every row of a table up for a foreign key.
func (s subject) looksUp(p pair, c catalog.Constraint) bool {
	_, was := s.Before.TableOf(p.after)
	if c.Type != catalog.ForeignKey || !c.Valid || !was {
		return false
	}
	for _, old := range p.before.Constraints {
		if old.OID == c.OID {
			return !old.Valid
		}
	}
	return true
}
