package plan

import (
	"context"
	"fmt"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// trialName is the name of a constraint or index that is created only to be looked at.
const trialName = "commitment_trial"

const notValid = " NOT VALID"

// withoutNotValid is a constraint's definition, whether it is valid or not.
func withoutNotValid(c catalog.Constraint) string { return strings.TrimSuffix(c.Definition, notValid) }

// trialDefinition is an index's definition under the name for trials.
func trialDefinition(i catalog.Index) string {
	for _, name := range []string{i.Name, sqltoken.Quote(i.Name)} {
		if before, after, ok := strings.Cut(i.Definition, " INDEX "+name+" ON "); ok {
			return before + " INDEX " + trialName + " ON " + after
		}
	}
	return i.Definition
}

// same reports whether an object is equivalent in the files and the target, even if it
// is written differently.
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

// uniqueEitherWay reports whether a unique constraint of the files is a unique index of
// the entities: a service can't tell them apart.
func (p *planner) uniqueEitherWay(k key, have catalog.Constraint) bool {
	if have.Type != catalog.Unique || strings.Contains(have.Definition, "DEFERRABLE") {
		return false
	}
	mine, _ := index(p.present, k.table, k.name)
	want, ok := index(p.full, k.table, k.name)
	return ok && trialDefinition(mine) == trialDefinition(want)
}

// sameRule compares constraints except for their validity.
func (p *planner) sameRule(ctx context.Context, table string, have, want catalog.Constraint) (bool, error) {
	if have.Type != want.Type || withoutNotValid(have) == withoutNotValid(want) || want.Type != catalog.Check {
		return have.Type == want.Type && withoutNotValid(have) == withoutNotValid(want), nil
	}
	statement := fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", sqltoken.Quote(table), trialName, withoutNotValid(want))
	return p.printsSame(ctx, statement, withoutNotValid(have), func(s catalog.Schema) string {
		c, _ := constraint(s, table, trialName)
		return withoutNotValid(c)
	})
}

// sameIndex compares indexes except for their validity.
func (p *planner) sameIndex(ctx context.Context, table string, have, want catalog.Index) (bool, error) {
	if trialDefinition(have) == trialDefinition(want) {
		return true, nil
	}
	return p.printsSame(ctx, trialDefinition(want), trialDefinition(have), func(s catalog.Schema) string {
		i, _ := index(s, table, trialName)
		return trialDefinition(i)
	})
}

// printsSame reports whether PostgreSQL, given what it printed for the target, prints
// what the files have. It doesn't always print what it reads, so a file written from
// its output may look different.
func (p *planner) printsSame(ctx context.Context, statement, want string, find func(catalog.Schema) string) (bool, error) {
	pair := [2]string{statement, want}
	if alike, known := p.equivalent[pair]; known {
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
	p.equivalent[pair] = find(s) == want
	return p.equivalent[pair], nil
}
