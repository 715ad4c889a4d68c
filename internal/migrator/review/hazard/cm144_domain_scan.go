package hazard

import "fmt"

var cm144 = Rule{
	Code: "CM144", Slug: "domain-scan", Manual: manual + "sql-alterdomain.html", Timed: true,
	Title: "a domain's constraint scans every table that uses the domain",
	check: domainScan,
}

func domainScan(s subject) (found []Finding) {
	if !s.stmt.begins("ALTER", "DOMAIN") {
		return nil
	}
	for _, table := range s.Scans {
		if l, locked := s.lock(table); !s.nameInUse(table) || !locked || !l.BlocksWrites() {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: table,
			Title:  fmt.Sprintf("writes to %s are blocked while its rows are checked against the domain", table),
			Reason: "Every table with a column of the domain is read, one after another, and all of them stay locked.",
			Advice: "Add the constraint NOT VALID, and VALIDATE it while nobody writes, because that takes the same lock. A CHECK on the tables can be validated at any time.",
		})
	}
	return found
}
