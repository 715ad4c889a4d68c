package plan

import (
	"context"
	"fmt"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// trialName is what a constraint or an index is called that is made in order to
// be looked at.
const trialName = "commitment_trial"

const notValid = " NOT VALID"

// rule is a constraint's definition, whether it is valid or not.
func rule(c catalog.Constraint) string { return strings.TrimSuffix(c.Definition, notValid) }

// nameless is an index's definition under the name of a trial.
func nameless(i catalog.Index) string {
	for _, name := range []string{i.Name, sqltoken.Quote(i.Name)} {
		if before, after, ok := strings.Cut(i.Definition, " INDEX "+name+" ON "); ok {
			return before + " INDEX " + trialName + " ON " + after
		}
	}
	return i.Definition
}

// same says that the files and the target have an object alike, be it in other
// words.
func (p *planner) same(ctx context.Context, k key) (bool, error) {
	if p.settled(k) {
		return true, nil
	}
	switch k.kind {
	case catalog.KindConstraint:
		have, had := constraint(p.present, k.table, k.name)
		want, wanted := constraint(p.full, k.table, k.name)
		if !wanted {
			return had && p.uniqueEitherWay(k, have), nil
		}
		if !had || have.Valid != want.Valid {
			return false, nil
		}
		return p.sameRule(ctx, k.table, have, want)
	case catalog.KindIndex:
		have, had := index(p.present, k.table, k.name)
		want, wanted := index(p.full, k.table, k.name)
		if !had || !wanted || have.Valid != want.Valid {
			return false, nil
		}
		return p.sameIndex(ctx, k.table, have, want)
	default:
		return false, nil
	}
}

// uniqueEitherWay says that a unique constraint of the files is a unique index of
// the entities: nothing that a service does can tell them apart.
func (p *planner) uniqueEitherWay(k key, have catalog.Constraint) bool {
	if have.Type != catalog.Unique || strings.Contains(have.Definition, "DEFERRABLE") {
		return false
	}
	mine, _ := index(p.present, k.table, k.name)
	want, ok := index(p.full, k.table, k.name)
	return ok && nameless(mine) == nameless(want)
}

// sameRule compares constraints but for their validity.
func (p *planner) sameRule(ctx context.Context, table string, have, want catalog.Constraint) (bool, error) {
	if have.Type != want.Type || rule(have) == rule(want) || want.Type != catalog.Check {
		return have.Type == want.Type && rule(have) == rule(want), nil
	}
	statement := fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", sqltoken.Quote(table), trialName, rule(want))
	return p.again(ctx, statement, rule(have), func(s catalog.Schema) string {
		c, _ := constraint(s, table, trialName)
		return rule(c)
	})
}

// sameIndex compares indexes but for their validity.
func (p *planner) sameIndex(ctx context.Context, table string, have, want catalog.Index) (bool, error) {
	if nameless(have) == nameless(want) {
		return true, nil
	}
	return p.again(ctx, nameless(want), nameless(have), func(s catalog.Schema) string {
		i, _ := index(s, table, trialName)
		return nameless(i)
	})
}

// again says that PostgreSQL, given what it printed of the target, prints what
// the files have: it doesn't always print what it reads. A file that was written
// from what it printed then only looks different.
func (p *planner) again(ctx context.Context, statement, want string, find func(catalog.Schema) string) (bool, error) {
	pair := [2]string{statement, want}
	if alike, known := p.alike[pair]; known {
		return alike, nil
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("compare definitions: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	if _, err := tx.ExecContext(ctx, statement); err != nil {
		return false, ctx.Err() // what can't be made here is something else
	}
	s, err := catalog.Read(ctx, tx)
	if err != nil {
		return false, err
	}
	p.alike[pair] = find(s) == want
	return p.alike[pair], nil
}
