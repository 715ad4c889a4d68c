package plan

import (
	"context"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// changeConstraints drops the constraints that no entity declares and adds the missing
// ones for new rows only; validate checks the existing rows later.
func (p *planner) changeConstraints(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		steps = append(steps, p.dropConstraints(have, want)...)
		added, err := p.addConstraints(ctx, have, want)
		if err != nil {
			return err
		}
		steps = append(steps, added...)
	}
	return p.advance(ctx, steps)
}

// dropConstraints leaves out the primary key, and what is dropped together with a
// column.
func (p *planner) dropConstraints(have, want catalog.Table) []Step {
	var steps []Step
	demanded := map[string]bool{}
	for _, c := range p.missingNotNull(have, want) {
		demanded[notNullCheckName(have.Name, c.Name)] = true
	}
	for _, c := range have.Constraints {
		_, stays := p.want[constraintKey(have.Name, c.Name)]
		if stays || demanded[c.Name] || c.Type == catalog.PrimaryKey || goesWithColumn(c.Columns, want) ||
			p.uniqueEitherWay(constraintKey(have.Name, c.Name), c) {
			continue
		}
		steps = append(steps, Step{
			SQL:     fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", sqltoken.Quote(have.Name), sqltoken.Quote(c.Name)),
			Comment: fmt.Sprintf("No entity declares %q any more", c.Name),
		})
	}
	return steps
}

func constraintKey(table, name string) key { return key{catalog.KindConstraint, table, name} }

// goesWithColumn reports whether something on these columns is dropped when the
// contract drops one of them.
func goesWithColumn(columns []string, want catalog.Table) bool {
	return slices.ContainsFunc(columns, func(name string) bool {
		_, stays := want.Column(name)
		return !stays
	})
}

func (p *planner) addConstraints(ctx context.Context, have, want catalog.Table) ([]Step, error) {
	var steps []Step
	for _, c := range want.Constraints {
		if c.Type != catalog.ForeignKey && c.Type != catalog.Check {
			continue
		}
		old, there := constraint(p.present, have.Name, c.Name)
		if there {
			same, err := p.sameRule(ctx, have.Name, old, c)
			if err != nil {
				return nil, err
			}
			if same || p.settled(constraintKey(have.Name, c.Name)) {
				continue
			}
		}
		step, err := p.addConstraint(ctx, want.Name, c, there)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// addConstraint adds a constraint for new rows, replacing the one of the same name if
// there is one.
func (p *planner) addConstraint(ctx context.Context, table string, c catalog.Constraint, replaces bool) (Step, error) {
	var changes []atlas.Change
	if fk, ok := p.desired.foreignKey(table, c.Name); ok {
		changes = append(changes, &atlas.AddForeignKey{F: fk, Extra: []atlas.Clause{&postgres.NotValid{}}})
	} else if check, ok := p.desired.check(table, c.Name); ok {
		changes = append(changes, &atlas.AddCheck{C: check, Extra: []atlas.Clause{&postgres.NotValid{}}})
	}
	step := Step{
		SQL:     fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s%s", sqltoken.Quote(table), sqltoken.Quote(c.Name), withoutNotValid(c), notValid),
		Comment: "Enforce for new rows now; existing rows are validated in a later file",
	}
	if len(changes) > 0 {
		steps, err := p.desired.alter(ctx, table, changes...)
		if err != nil {
			return Step{}, err
		}
		step.SQL = steps[0].SQL
	}
	if replaces {
		alter := "ALTER TABLE " + sqltoken.Quote(table)
		step.SQL = fmt.Sprintf("%s DROP CONSTRAINT %s,%s", alter, sqltoken.Quote(c.Name), step.SQL[len(alter):])
	}
	return step, nil
}

// requireForNewRows requires a value for the columns that become NOT NULL, by a check:
// once that is validated, SET NOT NULL has nothing to scan. It begins a file, because
// code that leaves the columns out must be gone by then, and code that fills them may
// need what comes before.
func (p *planner) requireForNewRows(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		steps = append(steps, p.demands(have, want)...)
	}
	if len(steps) > 0 {
		steps[0].Apart = true
	}
	return p.advance(ctx, steps)
}

func (p *planner) demands(have, want catalog.Table) []Step {
	var steps []Step
	for _, c := range p.missingNotNull(have, want) {
		if _, there := constraint(p.present, have.Name, notNullCheckName(have.Name, c.Name)); there {
			continue
		}
		comment := fmt.Sprintf("Require %q of new rows. Backfill the existing rows, a few thousand at a time, before the file\nthat validates this: it fails on a row without a value", c.Name)
		steps = append(steps, Step{
			SQL:     fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL)%s", sqltoken.Quote(have.Name), sqltoken.Quote(notNullCheckName(have.Name, c.Name)), sqltoken.Quote(c.Name), notValid),
			Comment: comment,
		})
	}
	return steps
}

// missingNotNull are the columns that are to be NOT NULL and aren't.
func (p *planner) missingNotNull(have, want catalog.Table) []catalog.Column {
	var all []catalog.Column
	for _, c := range want.Columns {
		old, there := have.Column(c.Name)
		if there && c.NotNull && !old.NotNull && !p.settled(columnKey(want.Name, c.Name)) {
			all = append(all, old)
		}
	}
	return all
}

func notNullCheckName(table, column string) string { return suffixed(table+"_"+column, "_required") }

// validate checks the existing rows, which takes time and blocks nobody. It begins a
// file, so that the strong locks of adding are released.
func (p *planner) validate(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		for _, c := range have.Constraints {
			aim, wanted := constraint(p.full, want.Name, c.Name)
			if c.Valid || wanted && !aim.Valid {
				continue
			}
			steps = append(steps, Step{
				SQL:     fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", sqltoken.Quote(have.Name), sqltoken.Quote(c.Name)),
				Comment: "Check the existing rows. Reads and writes go on",
			})
		}
	}
	if len(steps) > 0 {
		steps[0].Apart = true
	}
	return p.advance(ctx, steps)
}

// require sets NOT NULL where validate has proved it, and creates identity columns.
func (p *planner) require(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		for _, c := range p.missingNotNull(have, want) {
			table := "ALTER TABLE " + sqltoken.Quote(have.Name)
			steps = append(steps, Step{
				SQL:     fmt.Sprintf("%s ALTER COLUMN %s SET NOT NULL", table, sqltoken.Quote(c.Name)),
				Comment: "The validated check saves the scan",
			}, Step{
				SQL:     fmt.Sprintf("%s DROP CONSTRAINT %s", table, sqltoken.Quote(notNullCheckName(have.Name, c.Name))),
				Comment: "NOT NULL replaces the check",
			})
		}
	}
	if len(steps) > 0 {
		steps[0].Apart = true
	}
	if err := p.advance(ctx, steps); err != nil {
		return err
	}
	return p.changeIdentity(ctx)
}
