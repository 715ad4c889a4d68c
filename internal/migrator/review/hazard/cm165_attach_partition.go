package hazard

var cm165 = Rule{
	Code: "CM165", Slug: "attach-partition", Manual: partitions, Timed: true,
	Title: "attaching a partition scans it",
	check: attachPartition,
}

// attachPartition finds the partition, and the default one beside it, whose rows are
// checked against the bounds.
func attachPartition(s subject) (found []Finding) {
	if !s.stmt.has("ATTACH", "PARTITION") {
		return nil
	}
	for _, table := range s.Scans {
		l, locked := s.lock(table)
		if !locked || !l.BlocksWrites() || !s.nameInUse(table) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: table,
			Title:  blocked(l) + " are blocked while its rows are checked against the partition's bounds",
			Reason: "The whole table is read to prove that no row belongs elsewhere.",
			Advice: "First add a CHECK with the bounds NOT VALID, and VALIDATE it in a later file: then nothing is read here. On the default partition, use one that excludes the bounds.",
		})
	}
	return found
}
