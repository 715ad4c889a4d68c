package hazard

import "fmt"

var cm128 = Rule{
	Code: "CM128", Slug: "drop-not-null", Manual: alterTable,
	Title: "a column becomes nullable",
	check: dropNotNull,
}

func dropNotNull(s subject) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if !was.NotNull || is.NotNull {
				continue
			}
			found = append(found, Finding{
				Severity: Note, Table: p.after.Name,
				Title:  fmt.Sprintf("%s of %s may be NULL from now on", is.Name, p.after.Name),
				Reason: "Code that doesn't expect NULL fails, or mistakes it for an empty value: Ent reads NULL into a field that isn't nillable as zero.",
				Advice: "Deploy code that can read NULL before anything writes it.",
			})
		}
	}
	return found
}
