package rows

import (
	"fmt"
	"strconv"
	"strings"

	"commitment/internal/sqltoken"
)

// value is a value of the type as SQL; another seed gives another value, as far as the
// type has enough.
func (t valueType) value(seed int) string { return sqltoken.Literal(t.text(seed)) }

func (t valueType) text(seed int) string {
	if len(t.labels) > 0 {
		return t.labels[(seed-1)%len(t.labels)]
	}
	switch t.name {
	case "bool":
		return strconv.FormatBool(seed%2 == 1)
	case "uuid":
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", seed)
	case "date", "timestamp", "timestamptz":
		return fmt.Sprintf("2026-01-%02d", 1+(seed-1)%28)
	case "time", "timetz":
		return fmt.Sprintf("12:%02d", seed%60)
	case "interval":
		return fmt.Sprintf("%d days", seed)
	case "json", "jsonb":
		return fmt.Sprintf(`{"n": %d}`, seed)
	case "bytea":
		return fmt.Sprintf(`\x%02x`, seed%256)
	case "xml":
		return fmt.Sprintf("<n>%d</n>", seed)
	case "inet":
		return fmt.Sprintf("10.0.0.%d", seed%256)
	case "cidr":
		return fmt.Sprintf("10.0.%d.0/24", seed%256)
	case "macaddr":
		return fmt.Sprintf("08:00:2b:01:02:%02x", seed%256)
	case "bit", "varbit":
		return fmt.Sprintf("%0*b", max(t.length, 1), seed)[:max(t.length, 1)]
	case "point":
		return fmt.Sprintf("(%d,%[1]d)", seed)
	case "int4range", "int8range", "numrange":
		return fmt.Sprintf("[%d,%d)", seed*10, seed*10+5)
	case "daterange", "tsrange", "tstzrange":
		return fmt.Sprintf("[2026-01-%02d,2026-01-%02d)", 1+(seed-1)%28, 2+(seed-1)%28)
	}
	switch t.category {
	case "N":
		return strconv.Itoa(seed)
	case "A":
		return "{}"
	}
	text := "x" + strconv.Itoa(seed)
	if t.length == 1 {
		return string(rune('a' + (seed-1)%26))
	}
	if t.length > 0 {
		return text[:min(len(text), t.length)]
	}
	return text
}

// fromRule are the constants of a check's definition, and numbers beside them.
func (t valueType) fromRule(rule string) []string {
	var all []string
	for token := range sqltoken.All(rule) {
		n, err := strconv.Atoi(strings.Trim(token.Text, "'")) // '-5'::integer
		switch {
		case err == nil && t.category == "N":
			for _, near := range []int{n, n + 1, n - 1, -n, -n - 1} {
				all = append(all, sqltoken.Literal(strconv.Itoa(near)))
			}
		case err == nil && t.category == "S" && n > 0 && n <= 200:
			all = append(all, sqltoken.Literal(strings.Repeat("A", n)), sqltoken.Literal(strings.Repeat("a", n)))
		case strings.HasPrefix(token.Text, "'") && len(token.Text) > 1:
			all = append(all, token.Text)
		}
	}
	return all
}

// usual are values that checks often ask for.
func (t valueType) usual(seed int) []string {
	var texts []string
	switch t.category {
	case "S":
		texts = []string{"A", "AB", "ABC", "a", "ab", "abc", "1", "12", "a1", "EUR", "a@example.com", "https://example.com/", "+4912345678", "2026-01-01", strings.Repeat("0a", 20), strings.Repeat("0a", 32)}
		for i, text := range texts {
			if t.length > 0 && len(text) > t.length {
				texts[i] = text[:t.length]
			}
		}
	case "N":
		texts = []string{"0", "1", "-1", "10", "100", "1000", strconv.Itoa(-seed)}
	case "D":
		texts = []string{"2000-01-01", "2025-12-31", "2026-06-15", "2100-01-01"}
	case "B":
		texts = []string{"true", "false"}
	case "A":
		texts = []string{"{}", "{1}", "{a}"}
	}
	switch t.name {
	case "json", "jsonb":
		texts = []string{"{}", "[]", `"x"`, "1"}
	case "bytea":
		texts = []string{`\x` + strings.Repeat("00", 16), `\x` + strings.Repeat("00", 20), `\x` + strings.Repeat("00", 32), `\x` + strings.Repeat("00", 64)}
	}
	var all []string
	for _, text := range append(texts, t.labels...) {
		all = append(all, sqltoken.Literal(text))
	}
	return all
}
