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
	return slices.Concat(steps, a.defaults, a.backfills(), a.notNullChecks(), a.unvalidated(), a.indexBuilds(), a.validations(), a.keys())
}

// backfill fills a column with its default in the rows that have none: table, key and
// column, each quoted. One query finds the rows, and each batch is committed.
const backfill = `DO $$
DECLARE
	batch record;
BEGIN
	FOR batch IN
		SELECT array_agg(%[2]s) AS keys
		FROM (SELECT %[2]s, (row_number() OVER () - 1) / 5000 AS number FROM %[1]s WHERE %[3]s IS NULL) AS unfilled
		GROUP BY number ORDER BY number
	LOOP
		UPDATE %[1]s SET %[3]s = DEFAULT WHERE %[2]s = ANY (batch.keys) AND %[3]s IS NULL;
		COMMIT;
	END LOOP;
END $$`

// backfills fill new columns before anything is required of them, so that the rows can
// be updated all the time.
func (a *alteration) backfills() []plan.Step {
	var steps []plan.Step
	for _, column := range a.unfilled {
		steps = append(steps, plan.Step{
			SQL:     fmt.Sprintf(backfill, sqltoken.Quote(a.after.Name), sqltoken.Quote(a.key), sqltoken.Quote(column)),
			Comment: "Fill the existing rows, 5,000 at a time, each batch in a transaction of its own",
			Alone:   true,
		})
	}
	return steps
}

// notNullChecks enforce NOT NULL for new rows.
func (a *alteration) notNullChecks() []plan.Step {
	var steps []plan.Step
	for _, column := range a.required {
		steps = append(steps, plan.Step{
			SQL:     a.alter(fmt.Sprintf("ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID", sqltoken.Quote(a.checkName(column)), sqltoken.Quote(column))),
			Comment: a.requiring(column),
		})
	}
	return steps
}

func (a *alteration) requiring(column string) string {
	if slices.Contains(a.unfilled, column) {
		return "Require " + sqltoken.Quote(column) + " of every row that is written from now on"
	}
	return fmt.Sprintf("Require %s of every row that is written from now on. Backfill the existing rows before, a\n"+
		"few thousand at a time: the file that validates this fails on a row without a value", sqltoken.Quote(column))
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
