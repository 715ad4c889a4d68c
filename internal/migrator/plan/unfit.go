package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// integers are the largest values of integer types.
var integers = map[string]int64{"smallint": 1<<15 - 1, "integer": 1<<31 - 1, "bigint": 1<<63 - 1}

var (
	characters = regexp.MustCompile(`^(?:character varying|character)\((\d+)\)$`)
	decimals   = regexp.MustCompile(`^numeric\((\d+),(\d+)\)$`)
)

// Unfit is the condition, in SQL, that a value of a column doesn't fit the column's new
// type; empty if all do, or no condition tells.
func Unfit(was, is catalog.Column) string {
	name := sqltoken.Quote(was.Name)
	switch {
	case characters.MatchString(is.Type):
		return lengthOver(was, is)
	case integers[is.Type] > 0 && (integers[was.Type] > integers[is.Type] || fractional(was) || strings.HasPrefix(was.Type, "numeric")):
		most := integers[is.Type]
		condition := fmt.Sprintf("%s NOT BETWEEN %d AND %d", name, -most-1, most)
		if fractional(was) {
			condition = fmt.Sprintf("%[1]s <> round(%[1]s) OR ", name) + condition
		}
		return condition
	case is.Type == "date" && strings.HasPrefix(was.Type, "timestamp"):
		return fmt.Sprintf("%[1]s <> date_trunc('day', %[1]s)", name)
	case decimals.MatchString(is.Type) && (fractional(was) || strings.HasPrefix(was.Type, "numeric") || integers[was.Type] > 0):
		if strings.HasPrefix(was.Type, "double") || was.Type == "real" {
			name += "::numeric"
		}
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
		return fmt.Sprintf("%[1]s <> round(%[1]s, %[2]d) OR abs(%[1]s) >= 1e%[3]d", name, scale, precision-scale)
	}
	return ""
}

// Rounds reports whether PostgreSQL makes values fit the new type without an error.
func Rounds(was, is catalog.Column) bool {
	from, to := decimals.FindStringSubmatch(was.Type), decimals.FindStringSubmatch(is.Type)
	switch {
	case from != nil && to != nil:
		before, _ := strconv.Atoi(from[2]) // digits
		after, _ := strconv.Atoi(to[2])
		return after < before
	case to != nil || integers[is.Type] > 0:
		return fractional(was)
	}
	return is.Type == "date" && strings.HasPrefix(was.Type, "timestamp")
}

// fractional reports whether values of a column can have decimal places.
func fractional(c catalog.Column) bool {
	if m := decimals.FindStringSubmatch(c.Type); m != nil {
		return m[2] != "0"
	}
	return slices.Contains([]string{"numeric", "double precision", "real"}, c.Type)
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
