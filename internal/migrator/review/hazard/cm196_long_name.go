package hazard

import (
	"fmt"
	"strings"
)

var cm196 = Rule{
	Code: "CM196", Slug: "long-name", Manual: manual + "sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
	Title: "a name is truncated to 63 bytes",
	check: longName,
}

// nameLimit is how many bytes PostgreSQL keeps of a name.
const nameLimit = 63

func longName(s subject) (found []Finding) {
	if !s.stmt.begins("CREATE") && !s.stmt.begins("ALTER") {
		return nil
	}
	for _, t := range s.stmt.tokens {
		if name := t.Name(); len(name) > nameLimit && (t.Word() || strings.HasPrefix(t.Text, `"`)) {
			found = append(found, Finding{
				Severity: Warning, Evidence: Inferred,
				Title:  fmt.Sprintf("%s is truncated to %s", name, strings.ToValidUTF8(name[:nameLimit], "")),
				Reason: "Two names that differ only behind the 63rd byte are the same one, and who looks up the whole name in the catalog doesn't find it.",
				Advice: "Use a shorter name.",
			})
		}
	}
	return found
}
