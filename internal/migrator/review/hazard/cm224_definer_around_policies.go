package hazard

import (
	"fmt"
	"strings"

	"commitment/internal/migration/catalog"
)

var cm224 = Rule{
	Code: "CM224", Slug: "definer-around-policies", Manual: manual + "sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY",
	Title: "a SECURITY DEFINER function reads tables of tenants",
	check: definerAroundPolicies,
}

func definerAroundPolicies(s subject) (found []Finding) {
	for _, o := range s.mayExpose(catalog.KindFunction) {
		head, body := cutFunction(o.Definition)
		t, ok := s.readsTenants(body)
		if !ok || !strings.Contains(head, " SECURITY DEFINER") {
			continue
		}
		found = append(found, Finding{
			Severity: byOwner(t),
			Title:    fmt.Sprintf("%s works on the rows of %s as its owner", o.Name, t.Name),
			Reason:   "It is SECURITY DEFINER, and sees the rows that its owner sees: " + unheld(t),
			Advice:   "Make it SECURITY INVOKER. If it has to do what its caller may not, filter by the tenant's setting in the function.",
		})
	}
	return found
}

// cutFunction cuts a definition into what stands before the body and the body.
func cutFunction(definition string) (head string, body statement) {
	if head, quoted, ok := strings.Cut(definition, "\nAS "); ok {
		return head, parse(quoted).dollarQuoted()
	}
	head, text, _ := strings.Cut(definition, "\nBEGIN ATOMIC")
	return head, parse(text)
}
