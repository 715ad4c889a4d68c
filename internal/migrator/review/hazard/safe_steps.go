package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/sqltoken"
)

// steps come in an order in which each finds what it needs: first what is instant, then
// indexes are built, then rows are checked, and last comes what relies on that.
func (a *alteration) steps() []plan.Step {
	var steps []plan.Step
	if len(a.kept) > 0 {
		steps = append(steps, plan.Step{SQL: a.alter(strings.Join(a.kept, ", "))})
	}
	return slices.Concat(steps, a.defaults, a.notNullChecks(), a.unvalidated(), a.indexBuilds(), a.validations(), a.keys(), a.numbering())
}

// notNullChecks enforce NOT NULL for new rows.
func (a *alteration) notNullChecks() []plan.Step {
	var steps []plan.Step
	for _, column := range a.required {
		steps = append(steps, plan.Step{
			SQL: a.alter(fmt.Sprintf("ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID", sqltoken.Quote(a.checkName(column)), sqltoken.Quote(column))),
			Comment: fmt.Sprintf("Require %s of new rows. Backfill the existing rows, a few thousand at a time, before the file\n"+
				"that validates this: it fails on a row without a value", sqltoken.Quote(column)),
		})
	}
	return steps
}

// checkName is the name of the check of a column, cut to what PostgreSQL keeps of one.
func (a *alteration) checkName(column string) string {
	const ending = "_required"
	name := a.after.Name + "_" + column
	return strings.ToValidUTF8(name[:min(len(name), nameLimit-len(ending))], "") + ending
}

// unvalidated enforce foreign keys and checks for new rows.
func (a *alteration) unvalidated() []plan.Step {
	var steps []plan.Step
	for _, c := range a.added {
		if c.Type != catalog.ForeignKey && c.Type != catalog.Check {
			continue
		}
		steps = append(steps, plan.Step{
			SQL:     a.alter(fmt.Sprintf("ADD CONSTRAINT %s %s NOT VALID", sqltoken.Quote(c.Name), c.Definition)),
			Comment: "Enforce for new rows now; existing rows are validated in a later file",
		})
	}
	return steps
}

// indexBuilds create the indexes that unique constraints and primary keys use.
func (a *alteration) indexBuilds() []plan.Step {
	var steps []plan.Step
	for _, i := range a.indexes() {
		if !slices.ContainsFunc(a.added, func(c catalog.Constraint) bool { return c.Name == i.Constraint && c.Type != catalog.Exclusion }) {
			continue
		}
		steps = append(steps, plan.Step{SQL: parse(i.Definition).concurrently("INDEX"), Comment: buildOnline, Alone: true})
	}
	return steps
}

// validations check the existing rows, and make columns NOT NULL that were checked.
func (a *alteration) validations() []plan.Step {
	var steps []plan.Step
	for _, c := range a.added {
		if c.Type == catalog.ForeignKey || c.Type == catalog.Check {
			steps = append(steps, a.validate(c.Name))
		}
	}
	for _, column := range a.required {
		steps = append(steps, a.validate(a.checkName(column)))
	}
	for i, column := range a.required {
		steps = append(steps,
			plan.Step{SQL: a.alter("ALTER COLUMN " + sqltoken.Quote(column) + " SET NOT NULL"), Comment: "The validated check saves the scan", Apart: i == 0},
			plan.Step{SQL: a.alter("DROP CONSTRAINT " + sqltoken.Quote(a.checkName(column))), Comment: "NOT NULL replaces the check"})
	}
	return steps
}

func (a *alteration) validate(constraint string) plan.Step {
	return plan.Step{SQL: a.alter("VALIDATE CONSTRAINT " + sqltoken.Quote(constraint)), Comment: checkRows, Apart: true}
}

// keys turn the indexes into constraints.
func (a *alteration) keys() []plan.Step {
	var steps []plan.Step
	for _, c := range a.added {
		kind := "UNIQUE"
		switch c.Type {
		case catalog.PrimaryKey:
			kind = "PRIMARY KEY"
		case catalog.Unique:
		default:
			continue
		}
		_, deferred, found := strings.Cut(c.Definition, " DEFERRABLE")
		if found {
			deferred = " DEFERRABLE" + deferred
		}
		steps = append(steps, plan.Step{
			SQL:     a.alter(fmt.Sprintf("ADD CONSTRAINT %s %s USING INDEX %s%s", sqltoken.Quote(c.Name), kind, sqltoken.Quote(c.Name), deferred)),
			Comment: "Turn the index into a constraint, which is instant",
		})
	}
	for _, action := range a.keyed {
		steps = append(steps, plan.Step{SQL: a.alter(action)})
	}
	return steps
}

// numbering turns backfilled columns into identities.
func (a *alteration) numbering() []plan.Step {
	var steps []plan.Step
	for _, c := range a.identities {
		when := "BY DEFAULT"
		if c.Always {
			when = "ALWAYS"
		}
		steps = append(steps, plan.Step{
			SQL:     a.alter(fmt.Sprintf("ALTER COLUMN %s ADD GENERATED %s AS IDENTITY", sqltoken.Quote(c.Name), when)),
			Comment: "Number new rows. Then set the sequence past the existing numbers, with setval",
		})
	}
	return steps
}
