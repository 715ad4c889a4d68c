package hazard

import (
	"fmt"
	"iter"

	"commitment/internal/migration/catalog"
)

var pg101 = Rule{
	Code: "PG101", Slug: "build-index", Manual: createIndex, Timed: true,
	Title: "CREATE INDEX blocks writes",
	check: buildIndex,
}

func buildIndex(s subject) (found []Finding) {
	for table, i := range s.blockingIndexes() {
		if partitioned(table) {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: table.Name,
			Title:  fmt.Sprintf("writes to %s are blocked while index %s is built", table.Name, i.Name),
			Reason: "CREATE INDEX reads the whole table, and every INSERT, UPDATE and DELETE waits until it is done.",
			Advice: "Build it CONCURRENTLY, in a file of its own without a transaction.",
			Fix:    s.safe,
		})
	}
	return found
}

// blockingIndexes are the indexes that a CREATE INDEX builds while nobody can write.
func (s subject) blockingIndexes() iter.Seq2[catalog.Table, catalog.Index] {
	return func(yield func(catalog.Table, catalog.Index) bool) {
		if create, concurrently := s.stmt.createsIndex(); !create || concurrently || len(s.Scans) == 0 {
			return
		}
		for p := range s.tables() {
			if l, locked := s.lock(p.after.Name); !locked || !l.BlocksWrites() || partition(p.after) {
				continue
			}
			for _, i := range p.indexes() {
				if !yield(p.after, i) {
					return
				}
			}
		}
	}
}
