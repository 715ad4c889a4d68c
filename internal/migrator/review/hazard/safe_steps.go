package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/sqltoken"
)

// steps are in the order in which each finds what it needs: what is instant first,
// then the building of indexes, then the looking at rows, then what relies on it.
func (a *alteration) steps() []plan.Step {
	var steps []plan.Step
	if len(a.kept) > 0 {
		steps = append(steps, plan.Step{SQL: a.alter(strings.Join(a.kept, ", "))})
	}
	return slices.Concat(steps, a.defaults, a.demands(), a.conditions(), a.builds(), a.validations(), a.keys(), a.numbers())
}

// demands have new rows fill what is to be NOT NULL.
func (a *alteration) demands() []plan.Step {
	var steps []plan.Step
	for _, column := range a.required {
		steps = append(steps, plan.Step{
			SQL: a.alter(fmt.Sprintf("ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID", sqltoken.Quote(a.demand(column)), sqltoken.Quote(column))),
			Comment: fmt.Sprintf("Have new rows fill %s. Where rows are there without it, fill them, a few thousand at a time,\n"+
				"before the file that validates this: with one that is empty, it fails", sqltoken.Quote(column)),
		})
	}
	return steps
}

// demand is the name of the check, cut to what PostgreSQL keeps of one.
func (a *alteration) demand(column string) string {
	const ending = "_required"
	name := a.after.Name + "_" + column
	return strings.ToValidUTF8(name[:min(len(name), nameLimit-len(ending))], "") + ending
}

// conditions hold new rows against foreign keys and checks.
func (a *alteration) conditions() []plan.Step {
	var steps []plan.Step
	for _, c := range a.added {
		if c.Type != catalog.ForeignKey && c.Type != catalog.Check {
			continue
		}
		steps = append(steps, plan.Step{
			SQL:     a.alter(fmt.Sprintf("ADD CONSTRAINT %s %s NOT VALID", sqltoken.Quote(c.Name), c.Definition)),
			Comment: "Hold new rows against it, which is an instant: the rows that are there are looked at later",
		})
	}
	return steps
}

// builds make the indexes that unique constraints and primary keys use.
func (a *alteration) builds() []plan.Step {
	var steps []plan.Step
	for _, i := range a.indexes() {
		if !slices.ContainsFunc(a.added, func(c catalog.Constraint) bool { return c.Name == i.Constraint && c.Type != catalog.Exclusion }) {
			continue
		}
		steps = append(steps, plan.Step{SQL: read(i.Definition).concurrently("INDEX"), Comment: onItsOwn, Alone: true})
	}
	return steps
}

// validations look at the rows, and make columns NOT NULL whose rows were looked at.
func (a *alteration) validations() []plan.Step {
	var steps []plan.Step
	for _, c := range a.added {
		if c.Type == catalog.ForeignKey || c.Type == catalog.Check {
			steps = append(steps, a.validate(c.Name))
		}
	}
	for _, column := range a.required {
		steps = append(steps, a.validate(a.demand(column)))
	}
	for i, column := range a.required {
		steps = append(steps,
			plan.Step{SQL: a.alter("ALTER COLUMN " + sqltoken.Quote(column) + " SET NOT NULL"), Comment: "The valid check saves the scan", Apart: i == 0},
			plan.Step{SQL: a.alter("DROP CONSTRAINT " + sqltoken.Quote(a.demand(column))), Comment: "NOT NULL says it now"})
	}
	return steps
}

func (a *alteration) validate(constraint string) plan.Step {
	return plan.Step{SQL: a.alter("VALIDATE CONSTRAINT " + sqltoken.Quote(constraint)), Comment: validating, Apart: true}
}

// keys make constraints of indexes that are there.
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
			Comment: "Make a constraint of the index, which is an instant",
		})
	}
	for _, action := range a.keyed {
		steps = append(steps, plan.Step{SQL: a.alter(action)})
	}
	return steps
}

// numbers make identities of columns that are filled.
func (a *alteration) numbers() []plan.Step {
	var steps []plan.Step
	for _, c := range a.identities {
		when := "BY DEFAULT"
		if c.Always {
			when = "ALWAYS"
		}
		steps = append(steps, plan.Step{
			SQL:     a.alter(fmt.Sprintf("ALTER COLUMN %s ADD GENERATED %s AS IDENTITY", sqltoken.Quote(c.Name), when)),
			Comment: "Number new rows. Set the sequence behind the numbers that the rows have, with setval",
		})
	}
	return steps
}
