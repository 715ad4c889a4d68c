package hazard

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"commitment/internal/migration/catalog"
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
		found = append(found, Finding{
			Severity: Error, Evidence: Inferred, Table: table,
			Title:    fmt.Sprintf("this fails, or cuts values, if a %s of %s doesn't fit %s", c.is.Name, table, c.is.Type),
			Reason:   "Existing rows were written for " + c.was.Type + ". A USING that casts makes them fit without an error.",
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

// integers are the largest values of integer types.
var integers = map[string]int64{"smallint": 1<<15 - 1, "integer": 1<<31 - 1, "bigint": 1<<63 - 1}

var (
	characters = regexp.MustCompile(`^(?:character varying|character)\((\d+)\)$`)
	decimals   = regexp.MustCompile(`^numeric\((\d+),(\d+)\)$`)
)

// unfit is the condition that a value of a column doesn't fit its new type; empty if all
// do, or no condition tells.
func (s subject) unfit(was, is catalog.Column) string {
	name := sqltoken.Quote(was.Name)
	switch labels := enumLabels(s.After, is.Type); {
	case labels != "":
		return fmt.Sprintf("%s::text NOT IN (%s)", name, labels)
	case characters.MatchString(is.Type):
		return lengthOver(was, is)
	case integers[is.Type] > 0 && (integers[was.Type] > integers[is.Type] || strings.HasPrefix(was.Type, "numeric")):
		most := integers[is.Type]
		return fmt.Sprintf("%s NOT BETWEEN %d AND %d", name, -most-1, most)
	case decimals.MatchString(is.Type) && (strings.HasPrefix(was.Type, "numeric") || integers[was.Type] > 0):
		m := decimals.FindStringSubmatch(is.Type)
		precision, _ := strconv.Atoi(m[1]) // digits
		scale, _ := strconv.Atoi(m[2])
		if old := decimals.FindStringSubmatch(was.Type); old != nil && was.Type != is.Type {
			oldPrecision, _ := strconv.Atoi(old[1])
			oldScale, _ := strconv.Atoi(old[2])
			if precision-scale >= oldPrecision-oldScale && scale >= oldScale {
				return ""
			}
		}
		return fmt.Sprintf("%[1]s <> round(%[1]s, %d) OR abs(%[1]s) >= 1e%d", name, scale, precision-scale)
	}
	return ""
}

func lengthOver(was, is catalog.Column) string {
	most, _ := strconv.Atoi(characters.FindStringSubmatch(is.Type)[1]) // digits
	if old := characters.FindStringSubmatch(was.Type); old != nil {
		if n, _ := strconv.Atoi(old[1]); n <= most {
			return ""
		}
	}
	return fmt.Sprintf("length(%s::text) > %d", sqltoken.Quote(was.Name), most)
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
