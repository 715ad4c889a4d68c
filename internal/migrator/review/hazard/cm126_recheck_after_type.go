package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
)

var cm126 = Rule{
	Code: "CM126", Slug: "recheck-after-type", Manual: alterTable, Timed: true,
	Title: "a change of type rebuilds indexes or rechecks constraints",
	check: recheckAfterType,
}

func recheckAfterType(s subject) []Finding { return append(s.rebuiltForType(), s.rechecked()...) }

// rebuiltForType are the changes of type that leave the rows as they are, but not what
// depends on the column.
func (s subject) rebuiltForType() (found []Finding) {
	for _, c := range s.retyped() {
		table := c.table.after
		if s.rewritten(table.Name) || !s.scanned(table.Name) && !s.rebuildsIndex(table) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: table.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while its indexes and constraints on %s are rebuilt or rechecked", table.Name, c.is.Name),
			Reason: "No row is rewritten, but indexes or constraints that use the column are rebuilt or checked for all rows under the strongest lock.",
			Advice: "Drop them first. Afterwards build indexes CONCURRENTLY, and add constraints NOT VALID with a VALIDATE in a later file.",
		})
	}
	return found
}

// rebuildsIndex reports whether an index that the table keeps was rebuilt.
func (s subject) rebuildsIndex(t catalog.Table) bool {
	return slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool { return s.rewritten(i.Name) })
}

// rechecked are the tables that are read because a column changes its type that their
// foreign key references.
func (s subject) rechecked() (found []Finding) {
	name, _ := s.stmt.table()
	changed, _ := s.Before.Table(name)
	after, _ := s.After.TableOf(changed)
	if !retyped(changed, after) {
		return nil
	}
	for p := range s.tables() {
		l, locked := s.lock(p.after.Name)
		if p.before.Name == name || retyped(p.before, p.after) || !locked || !l.BlocksReads() || !s.scanned(p.after.Name) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("reads and writes of %s are blocked while its foreign key to %s is rechecked", p.after.Name, name),
			Reason: "The referenced key has another type, so every row is looked up again under the strongest lock.",
			Advice: "Drop the foreign key first, then add it NOT VALID and VALIDATE it in a later file.",
		})
	}
	return found
}
