package hazard

import (
	"fmt"
	"regexp"
)

var cm198 = Rule{
	Code: "CM198", Slug: "autovacuum-off", Manual: manual + "routine-vacuuming.html#AUTOVACUUM",
	Title: "autovacuum is turned off for a table",
	check: autovacuumOff,
}

// autovacuumDisabled matches the storage parameter, as the catalog has it.
var autovacuumDisabled = regexp.MustCompile(`(?i)[( ](toast\.)?autovacuum_enabled=(off|of|false|f|no|n|0)[,)]`)

func autovacuumOff(s subject) (found []Finding) {
	for _, after := range s.After.Tables {
		before, _ := s.Before.TableOf(after)
		if autovacuumDisabled.MatchString(before.Options) || !autovacuumDisabled.MatchString(after.Options) {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: after.Name,
			Title:  fmt.Sprintf("%s grows with every UPDATE and DELETE, and its statistics go stale", after.Name),
			Reason: "Nothing removes dead rows or analyzes the table any more, until a vacuum against wraparound starts on its own, at a bad time.",
			Advice: "Leave it on, and tune autovacuum_vacuum_scale_factor or the cost limit of the table instead.",
		})
	}
	return found
}
