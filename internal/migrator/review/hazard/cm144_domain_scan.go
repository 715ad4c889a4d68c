package hazard

import (
	"fmt"
	"strings"

	"commitment/internal/sqltoken"
)

var cm144 = Rule{
	Code: "CM144", Slug: "domain-scan", Manual: manual + "sql-alterdomain.html", Timed: true,
	Title: "a domain's constraint scans every table that uses the domain",
	check: domainScan,
}

func domainScan(s subject) (found []Finding) {
	if !s.stmt.begins("ALTER", "DOMAIN") {
		return nil
	}
	for _, table := range s.Scans {
		if l, locked := s.lock(table); !s.nameInUse(table) || !locked || !l.BlocksWrites() {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: table,
			Title:    fmt.Sprintf("writes to %s are blocked while its rows are checked against the domain", table),
			Reason:   "Every table with a column of the domain is read, one after another, and all of them stay locked.",
			Precheck: s.domainViolations(table),
			Advice:   "Add the constraint NOT VALID, and VALIDATE it while nobody writes, because that takes the same lock. A CHECK on the tables can be validated at any time.",
		})
	}
	return found
}

// domainViolations is a query for rows of a table whose values an ALTER DOMAIN refuses;
// empty if the statement has no condition.
func (s subject) domainViolations(table string) string {
	name, _ := s.stmt.name(2)
	t, _ := s.Before.Table(table)
	var conditions []string
	for _, c := range t.Columns {
		if sqltoken.Unquote(c.Type) != name {
			continue
		}
		if s.stmt.has("SET", "NOT", "NULL") {
			conditions = append(conditions, sqltoken.Quote(c.Name)+" IS NULL")
		} else if i := s.stmt.find("CHECK"); i >= 0 {
			conditions = append(conditions, "NOT "+withValue(s.stmt.part(i+1, len(s.stmt.tokens)), sqltoken.Quote(c.Name)))
		}
	}
	if len(conditions) == 0 {
		return ""
	}
	return selectRows(table, strings.Join(conditions, " OR "))
}

// withValue is a domain's condition about a column.
func withValue(condition statement, column string) string {
	var b strings.Builder
	end := 0
	for _, t := range condition.tokens {
		b.WriteString(condition.sql[end:t.From])
		if end = t.To; t.Is("VALUE") {
			b.WriteString(column)
		} else {
			b.WriteString(t.Text)
		}
	}
	return b.String()
}
