package hazard

import (
	"fmt"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/sqltoken"
)

var indexRules = []Rule{
	{
		Code: "PG101", Slug: "build-index", Docs: createIndex, Timed: true,
		Title: "an index is built while nobody may write",
		check: builtIndex,
	},
	{
		Code: "CM105", Slug: "build-partitioned-index", Docs: partitions, Timed: true,
		Title: "an index is built on all partitions while nobody may write",
		check: builtIndex,
	},
	{
		Code: "MF101", Slug: "duplicate-rows", Docs: createIndex,
		Title: "a unique index or constraint is added, which duplicates make fail",
		check: either(uniqueIndex, unique),
	},
	{
		Code: "PG102", Slug: "drop-index", Docs: manual + "sql-dropindex.html",
		Title: "an index is dropped while nobody may use the table",
		check: droppedIndex,
	},
	{
		Code: "PG103", Slug: "needs-no-transaction", Docs: createIndex,
		Title: "a statement that can't be in a transaction stands in one",
		check: outsideOnly,
	},
	{
		Code: "CM101", Slug: "if-not-exists-index", Docs: createIndex,
		Title: "IF NOT EXISTS passes over an invalid index",
		check: passedOver,
	},
	{
		Code: "CM102", Slug: "timeout-on-concurrently", Docs: timeouts,
		Title: "a timeout is set before a statement that waits for others",
		check: hurried,
	},
	{
		Code: "CM103", Slug: "half-done", Docs: createIndex,
		Title: "a file without a transaction has several statements",
		check: halfDone,
	},
	{
		Code: "CM104", Slug: "rebuild-index", Docs: manual + "sql-reindex.html", Timed: true,
		Title: "an index is rebuilt while nobody may write",
		check: rebuiltIndex,
	},
}

func partitioned(t catalog.Table) bool { return strings.Contains(t.Options, "PARTITION BY ") }

// creates reports whether the statement is a CREATE INDEX, and whether it lets
// others write.
func (t text) creates() (index, concurrently bool) {
	index = t.begins("CREATE", "INDEX") || t.begins("CREATE", "UNIQUE", "INDEX")
	return index, index && t.has("INDEX", "CONCURRENTLY")
}

func builtIndex(s scene) (found []Finding) {
	create, concurrently := s.text.creates()
	if !create || concurrently {
		return nil
	}
	for p := range s.tables() {
		for _, i := range p.indexes() {
			l, locked := s.lock(p.after.Name)
			switch {
			case !locked || !l.BlocksWrites() || len(s.Scans) == 0 || strings.HasPrefix(p.after.Options, "PARTITION OF "):
			case partitioned(p.after):
				found = append(found, partitionedIndex(p.after, i))
			default:
				found = append(found, Finding{
					Code: "PG101", Severity: Warning, Table: p.after.Name,
					Title:  fmt.Sprintf("%s can't be written while the index %s is built", p.after.Name, i.Name),
					Reason: "Building reads the whole table, and every INSERT, UPDATE and DELETE waits until it is done.",
					Advice: "Build it CONCURRENTLY, in a file of its own without a transaction.",
					Fix:    s.safe,
				})
			}
		}
	}
	return found
}

func partitionedIndex(t catalog.Table, i catalog.Index) Finding {
	return Finding{
		Code: "CM105", Severity: Warning, Table: t.Name,
		Title:  fmt.Sprintf("%s and its partitions can't be written while the index %s is built on all of them", t.Name, i.Name),
		Reason: "An index on a partitioned table can't be built CONCURRENTLY, and the locks on all partitions stay until the last is done.",
		Advice: "Create it ON ONLY the table, build one on each partition CONCURRENTLY, then ALTER INDEX … ATTACH PARTITION each.",
	}
}

func uniqueIndex(s scene) (found []Finding) {
	create, concurrently := s.text.creates()
	if !create {
		return nil
	}
	for p := range s.tables() {
		for _, i := range p.indexes() {
			if i.Unique && !strings.HasPrefix(p.after.Options, "PARTITION OF ") {
				found = append(found, duplicates(p.after.Name, i.Columns, concurrently, s.safe))
			}
		}
	}
	return found
}

// duplicates is the finding that rows may be there twice.
func duplicates(table string, columns []string, concurrently bool, fix []plan.Step) Finding {
	list := strings.Join(columns, ", ")
	f := Finding{
		Code: "MF101", Severity: Error, Evidence: Inferred, Table: table,
		Title:  fmt.Sprintf("this fails if two rows of %s have the same %s", table, list),
		Reason: "Rows that are there were written without the rule. The failure comes late, when the table has been read under the lock.",
		Advice: fmt.Sprintf("Look for duplicates first: SELECT %s FROM %s GROUP BY %s HAVING count(*) > 1.", list, sqltoken.Quote(table), list),
		Fix:    fix,
	}
	if concurrently {
		f.Severity, f.Fix = Note, nil
		f.Reason = "Rows that are there were written without the rule. A build that fails stops nobody, and leaves an invalid index that has to be dropped before the next try."
	}
	return f
}

func droppedIndex(s scene) (found []Finding) {
	if !s.text.begins("DROP", "INDEX") {
		return nil
	}
	for p := range s.tables() {
		l, locked := s.lock(p.before.Name)
		for _, i := range newIndexes(p.after, p.before) {
			if !locked || !l.BlocksReads() {
				continue
			}
			found = append(found, Finding{
				Severity: Warning, Table: p.before.Name,
				Title:  fmt.Sprintf("%s can't be read or written while the index %s is dropped", p.before.Name, i.Name),
				Reason: "The work is an instant, but it waits for every transaction that uses the table, and whoever comes later waits behind it.",
				Advice: "Drop it CONCURRENTLY, in a file of its own without a transaction.",
				Fix:    s.safe,
			})
		}
	}
	return found
}

// outsideOnly is a statement that PostgreSQL refused because of the transaction.
func outsideOnly(s scene) []Finding {
	if !s.Transaction || !s.refused("25001") {
		return nil
	}
	return []Finding{{
		Severity: Error,
		Title:    "this fails: it can't be in a transaction, and the file is run in one",
		Reason:   "What works in several transactions of its own has to stand outside of any.",
		Advice:   "Put it into a file of its own that begins with -- atlas:txmode none.",
		Fix:      s.again(plan.Step{Alone: true}),
	}}
}

func passedOver(s scene) []Finding {
	if create, concurrently := s.text.creates(); !create || !concurrently || !s.text.has("IF", "NOT", "EXISTS") {
		return nil
	}
	return []Finding{{
		Severity: Warning, Evidence: Inferred,
		Title:  "IF NOT EXISTS keeps the invalid index of a build that failed",
		Reason: "A CONCURRENTLY that fails leaves an index that is maintained and never used; run again, this finds the name taken and reports success.",
		Advice: "Leave IF NOT EXISTS away: apply drops an invalid index before it builds it again.",
		Fix:    []plan.Step{{SQL: s.text.without("IF", "NOT", "EXISTS").sql, Alone: true}},
	}}
}

// hurried is a CONCURRENTLY under a timeout.
func hurried(s scene) []Finding {
	if !s.text.has("CONCURRENTLY") {
		return nil
	}
	for _, earlier := range s.file[:s.at] {
		setting, set := timeout(read(earlier.SQL))
		if !set {
			continue
		}
		return []Finding{{
			Severity: Warning, Evidence: Inferred,
			Title:  fmt.Sprintf("%s in line %d ends this before it is done", setting, earlier.Line),
			Reason: "CONCURRENTLY waits for the transactions that were there before it, as long as they take. When the time is up it leaves an invalid index or a pending detach.",
			Advice: fmt.Sprintf("Leave it without %s: nobody waits behind it.", setting),
		}}
	}
	return nil
}

// timeout is the setting of a statement that limits how long others may take.
func timeout(t text) (setting string, set bool) {
	i := t.skip(t.skip(1, "SESSION"), "LOCAL")
	if !t.begins("SET") || i+2 >= len(t.tokens) || !t.tokens[i].Is("lock_timeout", "statement_timeout") {
		return "", false
	}
	return t.tokens[i].Name(), strings.ContainsAny(t.tokens[i+2].Text, "123456789")
}

// halfDone is a statement of a file without a transaction that isn't its first.
func halfDone(s scene) []Finding {
	if s.Transaction || s.text.begins("SET") || s.text.begins("RESET") {
		return nil
	}
	for _, earlier := range s.file[:s.at] {
		if t := read(earlier.SQL); earlier.Transaction || t.begins("SET") || t.begins("RESET") {
			continue
		}
		return []Finding{{
			Severity: Note, Evidence: Inferred,
			Title:  fmt.Sprintf("when this fails, what line %d did stays", earlier.Line),
			Reason: "The file has no transaction that would take it back. Applied again it goes on here; run by another tool it begins at its top.",
			Advice: "Give each statement a file of its own.",
			Fix:    s.again(plan.Step{Alone: true}),
		}}
	}
	return nil
}

func rebuiltIndex(s scene) (found []Finding) {
	if !s.text.begins("REINDEX") || s.text.has("CONCURRENTLY") {
		return nil
	}
	for _, l := range s.stops(s.Locks) {
		found = append(found, Finding{
			Severity: Warning, Table: l.Relation,
			Title:  fmt.Sprintf("%s can't be written, nor read by the index, while it is rebuilt", l.Relation),
			Reason: "Rebuilding reads the whole table, and queries whose plan looks at the index wait as writers do.",
			Advice: "Rebuild it CONCURRENTLY, in a file of its own without a transaction.",
			Fix:    s.safe,
		})
	}
	return found
}
