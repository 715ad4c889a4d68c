package hazard

import (
	"fmt"
	"strings"

	"commitment/internal/sqltoken"
)

var partitionRules = []Rule{
	{
		Code: "CM160", Slug: "create-partition", Docs: partitions,
		Title: "making a partition locks the table that it is a part of",
		check: created,
	},
	{
		Code: "CM165", Slug: "attach-partition", Docs: partitions, Timed: true,
		Title: "attaching a partition scans it",
		check: attached,
	},
	{
		Code: "CM166", Slug: "detach-partition", Docs: partitions,
		Title: "detaching a partition locks the table",
		check: detached,
	},
}

// created is a partition that is made as one.
func created(s scene) (found []Finding) {
	i := s.text.find("PARTITION", "OF")
	if s.Err != nil || !s.text.begins("CREATE") || i < 0 {
		return nil
	}
	parent, _ := s.text.name(i + 2)
	if l, locked := s.lock(parent); !locked || !l.BlocksReads() || !s.oldName(parent) {
		return nil
	}
	f := Finding{
		Severity: Warning, Table: parent,
		Title:  fmt.Sprintf("%s can't be read or written for the instant in which it gets a partition", parent),
		Reason: "The lock waits for every transaction that uses any partition, and whoever comes later waits behind it.",
		Advice: fmt.Sprintf("CREATE TABLE … (LIKE %s INCLUDING ALL), then ALTER TABLE %s ATTACH PARTITION, which lets others read and write.", sqltoken.Quote(parent), sqltoken.Quote(parent)),
	}
	if len(s.Scans) > 0 {
		f.Severity = Error
		f.Title = fmt.Sprintf("%s can't be read or written while %s is held against the new partition's bounds", parent, strings.Join(s.Scans, ", "))
	}
	return []Finding{f}
}

// attached is a partition, or the default one beside it, whose rows are held against
// the bounds.
func attached(s scene) (found []Finding) {
	if !s.text.has("ATTACH", "PARTITION") {
		return nil
	}
	for _, table := range s.Scans {
		l, locked := s.lock(table)
		if !locked || !l.BlocksWrites() || !s.oldName(table) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: table,
			Title:  fmt.Sprintf("%s can't be %s while its rows are held against the partition's bounds", table, stopped(l.BlocksReads())),
			Reason: "The whole table is read to prove that it has no row that belongs elsewhere.",
			Advice: "Add a CHECK with the bounds NOT VALID first, and VALIDATE it in a later file: then nothing is read here. On the default partition, one that excludes them.",
		})
	}
	return found
}

func detached(s scene) []Finding {
	if s.Err != nil || !s.text.has("DETACH", "PARTITION") {
		return nil
	}
	parent, _ := s.text.table()
	if l, locked := s.lock(parent); !locked || !l.BlocksReads() || !s.oldName(parent) {
		return nil
	}
	return []Finding{{
		Severity: Warning, Table: parent,
		Title:  fmt.Sprintf("%s can't be read or written while the partition is detached", parent),
		Reason: "The work is an instant, but it waits for every transaction that uses any partition, and whoever comes later waits behind it.",
		Advice: "Detach it CONCURRENTLY, in a file of its own without a transaction.",
		Fix:    s.safe,
	}}
}
