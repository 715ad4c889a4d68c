package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

var cm145 = Rule{
	Code: "CM145", Slug: "check-on-time", Manual: manual + "ddl-constraints.html#DDL-CONSTRAINTS-CHECK-CONSTRAINTS",
	Title: "a CHECK depends on the time",
	check: checkOnTime,
}

func checkOnTime(s subject) (found []Finding) {
	for _, after := range s.After.Tables {
		before, _ := s.Before.TableOf(after)
		for _, c := range newConstraints(before, after) {
			if c.Type != catalog.Check || !dependsOnTime(c.Definition) {
				continue
			}
			found = append(found, Finding{
				Severity: Warning, Table: after.Name,
				Title:  fmt.Sprintf("rows of %s that satisfy %s today may violate it later", after.Name, c.Name),
				Reason: "PostgreSQL checks a row when it is written. Later, an UPDATE of another column, VALIDATE and the restore of a dump fail on it.",
				Advice: "Check it in the code, or in a trigger that runs on INSERT only.",
			})
		}
	}
	return found
}

// dependsOnTime reports whether an expression calls for the current time.
func dependsOnTime(expression string) bool {
	return slices.ContainsFunc(slices.Collect(sqltoken.All(expression)), func(t sqltoken.Token) bool {
		return slices.Contains([]string{
			"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp",
			"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday",
		}, strings.ToLower(t.Text))
	})
}
