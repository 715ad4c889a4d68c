package hazard

import (
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/sqltoken"
)

// The comments of steps that more than one rewriting has.
const (
	onItsOwn   = "Build it while others write. It can't be in a transaction"
	validating = "Look at the rows that are there. Reads and writes go on"
)

// rewrite is the whole statement done safely, as far as rules can write it: what takes
// its place does the same, so that every finding about the statement has the same fix.
// It is empty when nothing would be safer.
func (s scene) rewrite() []plan.Step {
	switch t := s.text; {
	case s.Err != nil || t.has("CONCURRENTLY"):
		return nil
	case t.begins("CREATE", "INDEX"), t.begins("CREATE", "UNIQUE", "INDEX"):
		return []plan.Step{{SQL: t.without("IF", "NOT", "EXISTS").concurrently("INDEX"), Comment: onItsOwn, Alone: true}}
	case t.begins("DROP", "INDEX"):
		return dropIndexes(t)
	case t.begins("REINDEX"):
		return reindex(t)
	case t.begins("REFRESH", "MATERIALIZED", "VIEW"):
		return s.refresh()
	case t.begins("DROP", "TABLE"):
		return s.dropTable()
	case t.has("DETACH", "PARTITION"):
		return s.detach()
	case t.begins("ALTER", "TABLE"):
		return s.alterTable()
	}
	return nil
}

// concurrently is the statement with the word behind the first of another.
func (t text) concurrently(behind string) string { return t.insert(t.find(behind), "CONCURRENTLY") }

// dropIndexes drops one index after the other: CONCURRENTLY takes one at a time, and
// not what depends on it.
func dropIndexes(t text) []plan.Step {
	if t.has("CASCADE") {
		return nil
	}
	exists, from := "", t.skip(2, "IF", "EXISTS")
	if from > 2 {
		exists = "IF EXISTS "
	}
	var steps []plan.Step
	for _, index := range t.without("RESTRICT").split(from) {
		steps = append(steps, plan.Step{
			SQL:     "DROP INDEX CONCURRENTLY " + exists + index.sql,
			Comment: "Drop it while others use the table. It can't be in a transaction",
			Alone:   true,
		})
	}
	return steps
}

// reindex puts the word behind the kind of what is rebuilt, which options in
// parentheses may stand before.
func reindex(t text) []plan.Step {
	for _, kind := range []string{"INDEX", "TABLE", "SCHEMA", "DATABASE"} {
		if t.outside(kind) >= 0 {
			return []plan.Step{{SQL: t.concurrently(kind), Comment: onItsOwn, Alone: true}}
		}
	}
	return nil
}

func (s scene) refresh() []plan.Step {
	name, _ := s.text.name(3)
	if s.text.has("NO", "DATA") || !uniquelyIndexed(s.Before, name) {
		return nil
	}
	return []plan.Step{{SQL: s.text.concurrently("VIEW"), Comment: "Compute it beside the old rows, which can be read meanwhile"}}
}

// dropTable drops the foreign keys of the table first, each by itself, if there are
// other tables that they point to.
func (s scene) dropTable() []plan.Step {
	var steps []plan.Step
	for _, t := range s.dropped() {
		for _, c := range t.Constraints {
			if _, locked := s.lock(c.References); !locked || c.References == t.Name {
				continue
			}
			steps = append(steps, plan.Step{
				SQL:     "ALTER TABLE " + sqltoken.Quote(t.Name) + " DROP CONSTRAINT " + sqltoken.Quote(c.Name),
				Comment: "Let " + c.References + " go by itself: the locks on it are gone before the next are taken",
				Apart:   len(steps) > 0,
			})
		}
	}
	if len(steps) == 0 {
		return nil
	}
	return append(steps, s.again(plan.Step{Apart: true})...)
}

// detach leaves it when there is a default partition, beside which PostgreSQL can't
// do it CONCURRENTLY.
func (s scene) detach() []plan.Step {
	parent, _ := s.text.table()
	beside := slices.ContainsFunc(s.Before.Tables, func(t catalog.Table) bool {
		return strings.HasPrefix(t.Options, "PARTITION OF "+parent+" DEFAULT")
	})
	if beside || s.text.has("FINALIZE") {
		return nil
	}
	return []plan.Step{{
		SQL:     s.text.insert(len(s.text.tokens)-1, "CONCURRENTLY"),
		Comment: "Detach it while others use the table. It can't be in a transaction, and leaves the partition\na CHECK with its bounds, which can be dropped",
		Alone:   true,
	}}
}
