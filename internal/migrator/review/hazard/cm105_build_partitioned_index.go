package hazard

import "fmt"

var cm105 = Rule{
	Code: "CM105", Slug: "build-partitioned-index", Manual: partitions, Timed: true,
	Title: "CREATE INDEX on a partitioned table blocks writes to all partitions",
	check: buildPartitionedIndex,
}

func buildPartitionedIndex(s subject) (found []Finding) {
	for table, i := range s.blockingIndexes() {
		if !partitioned(table) {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: table.Name,
			Title:  fmt.Sprintf("writes to %s and its partitions are blocked while index %s is built on all of them", table.Name, i.Name),
			Reason: "An index on a partitioned table can't be built CONCURRENTLY, and the locks on all partitions are held until the last one is done.",
			Advice: "Create it ON ONLY the table, build one on each partition CONCURRENTLY, then ALTER INDEX … ATTACH PARTITION for each.",
		})
	}
	return found
}
