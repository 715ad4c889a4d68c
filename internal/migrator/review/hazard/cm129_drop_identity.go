package hazard

import "fmt"

var cm129 = Rule{
	Code: "CM129", Slug: "drop-identity", Manual: alterTable,
	Title: "a column no longer numbers its rows",
	check: dropIdentity,
}

func dropIdentity(s subject) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if now := s.finally(p, is); !numbered(was) || numbered(is) || numbered(now) {
				continue
			}
			found = append(found, Finding{
				Severity: Error, Table: p.after.Name,
				Title:  fmt.Sprintf("an INSERT into %s that doesn't name %s fails from now on", p.after.Name, is.Name),
				Reason: "The column gets no number any more, and code that lets the database number its rows breaks at once.",
				Advice: "Deploy code that writes the column itself first.",
			})
		}
	}
	return found
}
