package hazard

var cm123 = Rule{
	Code: "CM123", Slug: "new-column-check", Manual: alterTable, Timed: true,
	Title: "a new column's CHECK scans the table and blocks reads and writes",
	check: newColumnCheck,
}

func newColumnCheck(s subject) (found []Finding) {
	p, added := s.scanningChecks()
	for _, c := range added {
		if p.adds(c.Columns) {
			found = append(found, s.scansFor(c, p.after.Name))
		}
	}
	return found
}
