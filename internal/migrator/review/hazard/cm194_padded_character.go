package hazard

import (
	"fmt"
	"strings"
)

var cm194 = Rule{
	Code: "CM194", Slug: "padded-character", Manual: manual + "datatype-character.html",
	Title: "a column is padded with blanks",
	check: paddedCharacter,
}

func paddedCharacter(s subject) (found []Finding) {
	for table, c := range s.newColumns() {
		if !strings.HasPrefix(c.Type, "character(") {
			continue
		}
		found = append(found, Finding{
			Severity: Note, Table: table,
			Title:  fmt.Sprintf("%s of %s is padded with blanks", c.Name, table),
			Reason: "The blanks take space, and count in some comparisons and not in others.",
			Advice: "Use text, with a CHECK on its length if it has one.",
		})
	}
	return found
}
