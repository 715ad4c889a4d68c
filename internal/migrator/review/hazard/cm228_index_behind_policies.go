package hazard

import (
	"fmt"
	"strings"
)

var cm228 = Rule{
	Code: "CM228", Slug: "index-behind-policies", Manual: manual + "rules-privileges.html",
	Title: "an index can't be used under row-level security",
	check: indexBehindPolicies,
}

func indexBehindPolicies(s subject) (found []Finding) {
	for _, p := range s.remade() {
		for _, i := range tenantIndexes(p) {
			if !secured(p.after) || !leaky(i.Definition) {
				continue
			}
			found = append(found, Finding{
				Severity: Note, Table: p.after.Name,
				Title:  fmt.Sprintf("%s isn't used for operators such as LIKE and @> under the policies of %s", i.Name, p.after.Name),
				Reason: "They aren't LEAKPROOF: PostgreSQL evaluates them only on rows that have passed the policies.",
				Advice: "The tenant's index narrows the rows down first. If a tenant has too many, search in a table without policies whose rows are joined by key.",
			})
		}
	}
	return found
}

// leaky reports whether an index is for operators none of which is LEAKPROOF.
func leaky(definition string) bool {
	for _, words := range []string{" USING gin ", " USING gist ", "_pattern_ops"} {
		if strings.Contains(definition, words) {
			return true
		}
	}
	return false
}
