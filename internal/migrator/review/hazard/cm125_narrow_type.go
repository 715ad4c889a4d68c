package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/sqltoken"
)

var cm125 = Rule{
	Code: "CM125", Slug: "narrow-type", Manual: alterTable, Rows: true,
	Title: "a change of type fails on values that don't fit",
	check: narrowType,
}

func narrowType(s subject) (found []Finding) {
	for _, c := range s.retyped() {
		condition := s.unfit(c.was, c.is)
		if condition == "" {
			continue
		}
		table := c.table.after.Name
		fails, reason := "this fails", "Existing rows were written for "+c.was.Type+"."
		if s.stmt.has("USING") {
			fails, reason = "this fails, or changes values,", reason+" A USING that casts makes them fit without an error."
		} else if plan.Rounds(c.was, c.is) {
			fails, reason = "this fails, or changes values,", reason+" PostgreSQL rounds or cuts what doesn't fit, without an error."
		}
		found = append(found, Finding{
			Severity: Error, Evidence: Inferred, Table: table,
			Title:    fmt.Sprintf("%s if a %s of %s doesn't fit %s", fails, c.is.Name, table, c.is.Type),
			Reason:   reason,
			Advice:   "Look for such values on production first, and write a CHECK that keeps new ones out.",
			Precheck: selectRows(table, condition),
		})
	}
	return found
}

// selectRows are some of the rows of a table that a condition holds for.
func selectRows(table, condition string) string {
	return "SELECT * FROM " + sqltoken.Quote(table) + " WHERE " + condition + " LIMIT 10"
}

// unfit is the condition that a value of a column doesn't fit its new type; empty if all
// do, or no condition tells.
func (s subject) unfit(was, is catalog.Column) string {
	if labels := enumLabels(s.After, is.Type); labels != "" {
		return fmt.Sprintf("%s::text NOT IN (%s)", sqltoken.Quote(was.Name), labels)
	}
	return plan.Unfit(was, is)
}

// enumLabels are the values of an enum type as SQL; empty for other types.
func enumLabels(s catalog.Schema, name string) string {
	i := slices.IndexFunc(s.Others, func(o catalog.Object) bool {
		return o.Kind == catalog.KindType && (o.Name == name || sqltoken.Quote(o.Name) == name)
	})
	if i < 0 {
		return ""
	}
	_, labels, _ := strings.Cut(s.Others[i].Definition, " AS ENUM (")
	return strings.TrimSuffix(labels, ")")
}
