package hazard

import (
	"fmt"
	"strings"

	"commitment/internal/sqltoken"
)

var cm160 = Rule{
	Code: "CM160", Slug: "create-partition", Manual: partitions,
	Title: "creating a partition locks the partitioned table",
	check: createPartition,
}

func createPartition(s subject) (found []Finding) {
	i := s.stmt.find("PARTITION", "OF")
	if s.Err != nil || !s.stmt.begins("CREATE") || i < 0 {
		return nil
	}
	parent, _ := s.stmt.name(i + 2)
	if l, locked := s.lock(parent); !locked || !l.BlocksReads() || !s.nameInUse(parent) {
		return nil
	}
	f := Finding{
		Severity: Warning, Table: parent,
		Title:  fmt.Sprintf("reads and writes of %s are blocked for the instant in which it gets a partition", parent),
		Reason: "The lock waits for every transaction that uses any partition, and later ones queue behind it.",
		Advice: fmt.Sprintf("CREATE TABLE … (LIKE %s INCLUDING ALL), then ALTER TABLE %s ATTACH PARTITION, which blocks neither reads nor writes.", sqltoken.Quote(parent), sqltoken.Quote(parent)),
	}
	if len(s.Scans) > 0 {
		f.Severity = Error
		f.Title = fmt.Sprintf("reads and writes of %s are blocked while %s is checked against the new partition's bounds", parent, strings.Join(s.Scans, ", "))
	}
	return []Finding{f}
}
