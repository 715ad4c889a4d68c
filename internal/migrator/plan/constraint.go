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
	demanded := p.demanded(have, want)
	for _, c := range have.Constraints {
		_, stays := p.want[constraintKey(have.Name, c.Name)]
		if stays || demanded[c.Name] || c.Type == catalog.PrimaryKey || goesWithColumn(c.Columns, want) ||
			p.uniqueEitherWay(constraintKey(have.Name, c.Name), c) || c.Type == catalog.Unique && p.supersededUnfilled(want, c.Columns) {
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
			if same || p.settled(constraintKey(have.Name, c.Name)) || c.Type == catalog.ForeignKey && p.anyUnfilled(want.Name, c.Columns) {
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
// once that is validated, SET NOT NULL has nothing to scan. A file for the backfill of
// the existing rows, to be filled by hand, comes before it: a row that has no value yet
// couldn't be updated under the check, not even by the backfill of another column.
func (p *planner) requireForNewRows(ctx context.Context) error {
	var demands, backfills []Step
	for have, want := range p.shared {
		for _, c := range p.missingNotNull(have, want) {
			name := notNullCheckName(have.Name, c.Name)
			if _, there := constraint(p.present, have.Name, name); there {
				continue
			}
			demands = append(demands, Step{
				SQL:     fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL)%s", sqltoken.Quote(have.Name), sqltoken.Quote(name), sqltoken.Quote(c.Name), notValid),
				Comment: fmt.Sprintf("Require %q of every row that is written from now on. Existing rows are checked later", c.Name),
			})
			backfills = append(backfills, p.backfill(have.Name, c))
		}
	}
	return p.advance(ctx, append(backfills, demands...))
}

// backfill is a statement that only its author can complete. It is in a file without a
// transaction, so that it can commit batch after batch.
func (p *planner) backfill(table string, c catalog.Column) Step {
	value := "…"
	if c.Default != "" {
		value = "DEFAULT"
	}
	before, after := "", ""
	if exempt, held := p.present.Unforce(table); len(exempt) > 0 {
		before = exempt[0] + "; -- or the table's owner would be refused\n"
		after = "\n" + held[0] + ";"
	}
	return Step{Alone: true, Comment: fmt.Sprintf(`Give %[1]q a value in the existing rows of %[2]q: a later file fails on a row without
one. Complete the statement, uncomment it, and run "go run ./cmd/migrate hash". If there
are no such rows, remove the file.

%[6]sDO $$ BEGIN
  LOOP
    UPDATE %[3]s SET %[4]s = %[5]s
      WHERE ctid = ANY (ARRAY(SELECT ctid FROM %[3]s WHERE %[4]s IS NULL LIMIT 5000));
    EXIT WHEN NOT FOUND;
    COMMIT;
  END LOOP;
END $$;%[7]s`, c.Name, table, sqltoken.Quote(table), sqltoken.Quote(c.Name), value, before, after)}
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

// demanded are the names of the checks that stand in for NOT NULL.
func (p *planner) demanded(have, want catalog.Table) map[string]bool {
	names := map[string]bool{}
	for _, c := range p.missingNotNull(have, want) {
		names[notNullCheckName(have.Name, c.Name)] = true
	}
	return names
}

// validate checks the existing rows, and validateRequired whether they have the values
// that are required. It takes time and blocks nobody. It begins a file, so that the
// strong locks of adding are released.
func (p *planner) validate(ctx context.Context) error         { return p.validateThose(ctx, false) }
func (p *planner) validateRequired(ctx context.Context) error { return p.validateThose(ctx, true) }

func (p *planner) validateThose(ctx context.Context, required bool) error {
	var steps []Step
	for have, want := range p.shared {
		demanded := p.demanded(have, want)
		for _, c := range have.Constraints {
			aim, wanted := constraint(p.full, want.Name, c.Name)
			if c.Valid || wanted && !aim.Valid || demanded[c.Name] != required {
				continue
			}
			step := Step{
				SQL:     fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", sqltoken.Quote(have.Name), sqltoken.Quote(c.Name)),
				Comment: "Check the existing rows. Reads and writes go on",
			}
			if c.Type == catalog.ForeignKey {
				step = p.unforced(step, have.Name, c.References)
			}
			steps = append(steps, step)
		}
	}
	if len(steps) > 0 {
		steps[0].Apart = true
	}
	return p.advance(ctx, steps)
}

// require sets NOT NULL where validateRequired has proved it.
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
	return p.advance(ctx, steps)
}
