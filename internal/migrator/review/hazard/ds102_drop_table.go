package hazard

import "fmt"

var ds102 = Rule{
	Code: "DS102", Slug: "drop-table", Manual: manual + "sql-droptable.html",
	Title: "a table is dropped",
	check: dropTable,
}

func dropTable(s subject) (found []Finding) {
	if s.stmt.outside("SET", "SCHEMA") >= 0 {
		return nil
	}
	for _, t := range s.dropped() {
		found = append(found, Finding{
			Severity: Error, Table: t.Name,
			Title:  fmt.Sprintf("%s and its rows are lost", t.Name),
			Reason: "Code that still uses the table breaks at once, and only a backup has the rows.",
			Advice: "Deploy code that doesn't use the table, and drop it in a later release.",
		})
	}
	return found
}
