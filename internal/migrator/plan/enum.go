package plan

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// addsValue matches the addition of a value to an enum. The transaction that adds a
// value can't use it.
var addsValue = regexp.MustCompile(`^ALTER TYPE .* ADD VALUE `)

// extendEnums adds the missing values to enums, before anything uses them.
func (p *planner) extendEnums(ctx context.Context) error {
	var steps []Step
	for _, o := range p.full.Others {
		k := key{kind: o.Kind, name: o.Name}
		have, want := enumValues(p.now[k]), enumValues(o.Definition)
		if o.Kind != catalog.KindType || have == nil || want == nil || p.settled(k) {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(want), func(v string) bool { return !slices.Contains(have, v) })
		if !slices.Equal(kept, have) {
			return fmt.Errorf("enum %q is (%s), want (%s), which only adding values doesn't lead to: write this migration by hand, with ALTER TYPE … RENAME VALUE or a new type for the columns",
				o.Name, strings.Join(have, ", "), strings.Join(want, ", "))
		}
		for i, v := range want {
			if !slices.Contains(have, v) {
				steps = append(steps, addValue(o.Name, v, want[i+1:], have))
			}
		}
	}
	if len(steps) > 0 {
		steps[0].Comment = "Instant. In a file of its own, because the transaction that adds a value can't use it"
	}
	return p.advance(ctx, steps)
}

// addValue adds a value before the next one that the enum has, or at the end.
func addValue(enum, value string, after, have []string) Step {
	sql := fmt.Sprintf("ALTER TYPE %s ADD VALUE %s", sqltoken.Quote(enum), value)
	if i := slices.IndexFunc(after, func(v string) bool { return slices.Contains(have, v) }); i >= 0 {
		sql += " BEFORE " + after[i]
	}
	return Step{SQL: sql}
}

// enumValues are the values in the definition of an enum, as SQL; nil for another type.
func enumValues(definition string) []string {
	_, list, isEnum := strings.Cut(definition, " AS ENUM (")
	if !isEnum {
		return nil
	}
	values := []string{}
	for t := range sqltoken.All(list) {
		if strings.HasSuffix(t.Text, "'") {
			values = append(values, t.Text)
		}
	}
	return values
}
