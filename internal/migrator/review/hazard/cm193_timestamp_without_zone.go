package hazard

import (
	"fmt"
	"strings"
)

var cm193 = Rule{
	Code: "CM193", Slug: "timestamp-without-zone", Manual: manual + "datatype-datetime.html",
	Title: "a timestamp has no time zone",
	check: timestampWithoutZone,
}

func timestampWithoutZone(s subject) (found []Finding) {
	for table, c := range s.newColumns() {
		if !strings.HasPrefix(c.Type, "timestamp") || !strings.HasSuffix(c.Type, " without time zone") {
			continue
		}
		found = append(found, Finding{
			Severity: Note, Table: table,
			Title:  fmt.Sprintf("%s of %s has no time zone", c.Name, table),
			Reason: "It stores what a clock showed somewhere: sessions in another time zone read another moment.",
			Advice: "Use timestamptz, which takes no more space.",
		})
	}
	return found
}
