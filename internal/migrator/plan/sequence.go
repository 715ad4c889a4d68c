package plan

import (
	"fmt"
	"regexp"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// nextval is the default of a serial column.
var nextval = regexp.MustCompile(`^nextval\('(.+)'::regclass\)$`)

// ownSequence creates the sequence of a column that was declared serial.
func ownSequence(table string, c catalog.Column) []Step {
	match := nextval.FindStringSubmatch(c.Default)
	if match == nil {
		return nil
	}
	return []Step{{
		SQL:     fmt.Sprintf("CREATE SEQUENCE %s AS %s OWNED BY %s.%s", match[1], c.Type, sqltoken.Quote(table), sqltoken.Quote(c.Name)),
		Comment: fmt.Sprintf("The sequence of %q", c.Name),
	}}
}

// integral are the types of sequences.
var integral = regexp.MustCompile(`^(?:smallint|integer|bigint)$`)

// widenSequence widens the sequence of a serial column to the column's new type.
// PostgreSQL does that by itself only for identities.
func (p *planner) widenSequence(have, want catalog.Column) []Step {
	match := nextval.FindStringSubmatch(want.Default)
	if match == nil || have.Default != want.Default || !integral.MatchString(want.Type) {
		return nil
	}
	if _, declared := p.want[key{kind: catalog.KindSequence, name: sqltoken.Unquote(match[1])}]; declared {
		return nil
	}
	return []Step{{
		SQL:     fmt.Sprintf("ALTER SEQUENCE %s AS %s", match[1], want.Type),
		Comment: fmt.Sprintf("Widen the sequence to the type of %q", want.Name),
	}}
}
