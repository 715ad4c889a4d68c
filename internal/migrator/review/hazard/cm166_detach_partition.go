package hazard

import "fmt"

var cm166 = Rule{
	Code: "CM166", Slug: "detach-partition", Manual: partitions,
	Title: "detaching a partition blocks reads and writes",
	check: detachPartition,
}

func detachPartition(s subject) []Finding {
	if s.Err != nil || !s.stmt.has("DETACH", "PARTITION") {
		return nil
	}
	parent, _ := s.stmt.table()
	if l, locked := s.lock(parent); !locked || !l.BlocksReads() || !s.nameInUse(parent) {
		return nil
	}
	return []Finding{{
		Severity: Warning, Table: parent,
		Title:  fmt.Sprintf("reads and writes of %s are blocked while the partition is detached", parent),
		Reason: "Detaching is instant, but waits for every transaction that uses any partition, and later ones queue behind it.",
		Advice: "Detach it CONCURRENTLY, in a file of its own without a transaction.",
		Fix:    s.safe,
	}}
}
