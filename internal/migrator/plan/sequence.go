package plan

import (
	"fmt"
	"regexp"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// nextval is the default of a serial column.
var nextval = regexp.MustCompile(`^nextval\('(.+)'::regclass\)$`)

// ownSequence makes the sequence of a column that was serial in one piece.
func ownSequence(table string, c catalog.Column) []Step {
	match := nextval.FindStringSubmatch(c.Default)
	if match == nil {
		return nil
	}
	return []Step{{
		SQL:     fmt.Sprintf("CREATE SEQUENCE %s AS %s OWNED BY %s.%s", match[1], c.Type, sqltoken.Quote(table), sqltoken.Quote(c.Name)),
		Comment: fmt.Sprintf("%q takes its numbers from here", c.Name),
	}}
}

// integral are the types that a sequence can have.
var integral = regexp.MustCompile(`^(?:smallint|integer|bigint)$`)

// widenSequence has the sequence of a serial column go as far as the column's new
// type does. PostgreSQL itself does that for identities alone.
func (p *planner) widenSequence(have, want catalog.Column) []Step {
	match := nextval.FindStringSubmatch(want.Default)
	if match == nil || have.Default != want.Default || !integral.MatchString(want.Type) {
		return nil
	}
	if _, declared := p.aims[key{kind: catalog.KindSequence, name: sqltoken.Unquote(match[1])}]; declared {
		return nil
	}
	return []Step{{
		SQL:     fmt.Sprintf("ALTER SEQUENCE %s AS %s", match[1], want.Type),
		Comment: fmt.Sprintf("Its numbers end where those of %q do", want.Name),
	}}
}
