package hazard

import "fmt"

var ds103 = Rule{
	Code: "DS103", Slug: "drop-column", Manual: alterTable,
	Title: "a column is dropped",
	check: dropColumn,
}

func dropColumn(s subject) (found []Finding) {
	for p := range s.tables() {
		for _, c := range p.before.Columns {
			if _, stays := columnAt(p.after, c.Position); stays {
				continue
			}
			found = append(found, Finding{
				Severity: Error, Table: p.before.Name,
				Title:  fmt.Sprintf("the values of %s in %s are lost", c.Name, p.before.Name),
				Reason: "Code that still reads or writes the column breaks at once, and only a backup has the values.",
				Advice: "Deploy code that doesn't use the column, and drop it in a later release.",
			})
		}
	}
	return found
}
