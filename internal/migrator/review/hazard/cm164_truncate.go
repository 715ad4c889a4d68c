package hazard

var cm164 = Rule{
	Code: "CM164", Slug: "truncate", Manual: manual + "sql-truncate.html",
	Title: "TRUNCATE removes all rows",
	check: truncate,
}

func truncate(s subject) (found []Finding) {
	if s.Err != nil || !s.stmt.begins("TRUNCATE") {
		return nil
	}
	for _, l := range s.blocking(s.Locks) {
		found = append(found, Finding{
			Severity: Error, Table: l.Relation,
			Title:  allRowsLost(l.Relation),
			Reason: "Only a backup has them. TRUNCATE waits for every transaction on the table, and later ones queue behind it.",
			Advice: "DELETE the rows that nobody needs, a few thousand at a time.",
		})
	}
	return found
}

func allRowsLost(table string) string { return "all rows of " + table + " are lost" }
