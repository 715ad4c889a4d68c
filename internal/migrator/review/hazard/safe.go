package hazard

import (
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/sqltoken"
)

// The comments of steps that several safe forms have.
const (
	buildOnline = "Built while others write; can't run in a transaction"
	checkRows   = "Check the existing rows. Reads and writes go on"
)

// rewrite returns the safe form of the whole statement, which has the same effect, so
// that all findings about the statement have the same fix. It is empty if there is none.
func (s subject) rewrite() []plan.Step {
	switch t := s.stmt; {
	case s.Err != nil || t.has("CONCURRENTLY"):
		return nil
	case t.begins("CREATE", "INDEX"), t.begins("CREATE", "UNIQUE", "INDEX"):
		name, _ := t.name(t.skip(t.find("ON")+1, "ONLY"))
		if table, _ := s.Before.Table(name); partitioned(table) {
			return nil // which PostgreSQL doesn't build CONCURRENTLY
		}
		return []plan.Step{{SQL: t.without("IF", "NOT", "EXISTS").concurrently("INDEX"), Comment: buildOnline, Alone: true}}
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

// concurrently is the statement with CONCURRENTLY after another word.
func (t statement) concurrently(behind string) string {
	return t.insert(t.find(behind), "CONCURRENTLY")
}

// dropIndexes drops one index after another: CONCURRENTLY takes only one, and no
// CASCADE.
func dropIndexes(t statement) []plan.Step {
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
			Comment: "Dropped while others use the table; can't run in a transaction",
			Alone:   true,
		})
	}
	return steps
}

// reindex puts CONCURRENTLY after the kind of what is rebuilt, before which options in
// parentheses may stand.
func reindex(t statement) []plan.Step {
	for _, kind := range []string{"INDEX", "TABLE", "SCHEMA", "DATABASE"} {
		if t.outside(kind) >= 0 {
			return []plan.Step{{SQL: t.concurrently(kind), Comment: buildOnline, Alone: true}}
		}
	}
	return nil
}

func (s subject) refresh() []plan.Step {
	name, _ := s.stmt.name(3)
	if s.stmt.has("NO", "DATA") || !uniquelyIndexed(s.Before, name) {
		return nil
	}
	return []plan.Step{{SQL: s.stmt.concurrently("VIEW"), Comment: "Computed beside the old rows, which stay readable"}}
}

// uniquelyIndexed reports whether a materialized view can be refreshed CONCURRENTLY.
func uniquelyIndexed(s catalog.Schema, view string) bool {
	return slices.ContainsFunc(s.Others, func(o catalog.Object) bool {
		return o.Kind == catalog.KindMaterializedView && o.Name == view && strings.Contains(o.Definition, "\nCREATE UNIQUE INDEX ")
	})
}

// dropTable drops the table's foreign keys to other tables first, one after another.
func (s subject) dropTable() []plan.Step {
	var steps []plan.Step
	for _, t := range s.dropped() {
		for _, c := range t.Constraints {
			if _, locked := s.lock(c.References); !locked || c.References == t.Name {
				continue
			}
			steps = append(steps, plan.Step{
				SQL:     "ALTER TABLE " + sqltoken.Quote(t.Name) + " DROP CONSTRAINT " + sqltoken.Quote(c.Name),
				Comment: "Drop the foreign key to " + c.References + " first: its locks are released before the next are taken",
				Apart:   len(steps) > 0,
			})
		}
	}
	if len(steps) == 0 {
		return nil
	}
	return append(steps, s.asIs(plan.Step{Apart: true})...)
}

// detach has no safe form beside a default partition, where PostgreSQL refuses
// CONCURRENTLY.
func (s subject) detach() []plan.Step {
	parent, _ := s.stmt.table()
	hasDefault := slices.ContainsFunc(s.Before.Tables, func(t catalog.Table) bool {
		return strings.HasPrefix(t.Options, "PARTITION OF "+parent+" DEFAULT")
	})
	if hasDefault || s.stmt.has("FINALIZE") {
		return nil
	}
	return []plan.Step{{
		SQL:     s.stmt.insert(len(s.stmt.tokens)-1, "CONCURRENTLY"),
		Comment: "Detached while others use the table; can't run in a transaction. The partition\nkeeps a CHECK with its bounds, which can be dropped",
		Alone:   true,
	}}
}
