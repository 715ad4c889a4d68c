package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var cm169 = Rule{
	Code: "CM169", Slug: "row-security", Manual: manual + "ddl-rowsecurity.html",
	Title: "row-level security is enabled or disabled",
	check: rowSecurity,
}

const rowLevelSecurity = "ENABLE ROW LEVEL SECURITY"

func rowSecurity(s subject) (found []Finding) {
	for p := range s.tables() {
		was, is := secured(p.before), secured(p.after)
		if was == is {
			continue
		}
		f := Finding{
			Severity: Warning, Table: p.after.Name,
			Title:  fmt.Sprintf("everyone with access to %s sees all its rows from now on", p.after.Name),
			Reason: "Its policies remain, but are no longer applied.",
			Advice: "First deploy what replaces the policies.",
		}
		if is {
			who := "other than the owner of"
			if final, _ := s.final().TableOf(p.after); forced(final) {
				who = "without BYPASSRLS, the owner included, that use"
			}
			f.Title = fmt.Sprintf("roles %s %s see only what its policies allow from now on", who, p.after.Name)
			f.Reason = fmt.Sprintf("At the end of the file it has %s. Without any, no row is visible and none can be written.", s.policies(p.after))
			f.Advice = "Create policies for the running code's roles in the same transaction."
		}
		found = append(found, f)
	}
	return found
}

// policies counts those that a table has at the end of the file.
func (s subject) policies(t catalog.Table) string {
	final, _ := s.final().TableOf(t)
	switch n := len(objects(final, catalog.KindPolicy)); n {
	case 0:
		return "no policy"
	case 1:
		return "one policy"
	default:
		return fmt.Sprintf("%d policies", n)
	}
}
