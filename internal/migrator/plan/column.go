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

// changeColumns adds the missing columns and changes types, table by table.
func (p *planner) changeColumns(ctx context.Context) error {
	for have, want := range p.shared {
		for _, change := range []func(context.Context, catalog.Table, catalog.Table) ([]Step, error){p.addColumns, p.changeTypes} {
			steps, err := change(ctx, have, want)
			if err != nil {
				return err
			}
			if err := p.advance(ctx, steps); err != nil {
				return err
			}
		}
	}
	return nil
}

func columnKey(table, name string) key { return key{catalog.KindColumn, table, name} }

// addColumns adds together the columns that are instant, and separately those whose
// values aren't: those that would rewrite the table, and those without a value for
// existing rows.
func (p *planner) addColumns(ctx context.Context, have, want catalog.Table) ([]Step, error) {
	var plain, bare []atlas.Change
	for _, c := range want.Columns {
		written, ours := p.desired.column(want.Name, c.Name)
		if _, there := have.Column(c.Name); there || !ours {
			continue
		}
		gradual, err := p.needsBackfill(ctx, want.Name, c, written)
		if err != nil {
			return nil, err
		}
		if gradual {
			p.addedEmpty[columnKey(want.Name, c.Name)] = true
			bare = append(bare, &atlas.AddColumn{C: withoutValue(written)})
			continue
		}
		plain = append(plain, &atlas.AddColumn{C: written})
	}
	steps, err := p.addedWith(ctx, want.Name, "Add what needs no value or has a constant one: the rows that are there aren't written", plain)
	if err != nil {
		return nil, err
	}
	more, err := p.addedWith(ctx, want.Name, "Add it without a value, which is instant, and without its conditions, which follow", bare)
	return append(steps, more...), err
}

func (p *planner) addedWith(ctx context.Context, table, comment string, changes []atlas.Change) ([]Step, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	steps, err := p.desired.alter(ctx, table, changes...)
	if err != nil {
		return nil, err
	}
	steps[0].Comment = comment
	return steps, nil
}

// needsBackfill reports whether a column can't simply be added with its value.
func (p *planner) needsBackfill(ctx context.Context, table string, c catalog.Column, written *atlas.Column) (bool, error) {
	if c.Identity || c.NotNull && c.Default == "" {
		return true, nil
	}
	if c.Default == "" {
		return false, nil
	}
	steps, err := p.desired.alter(ctx, table, &atlas.AddColumn{C: written})
	if err != nil {
		return false, err
	}
	rewrites, err := p.tryStatement(ctx, table, steps[0].SQL)
	if err != nil {
		return false, fmt.Errorf("add column %q to %q: %w", c.Name, table, err)
	}
	return rewrites, nil
}

// withoutValue is the definition of a column that can be added to any table at once.
func withoutValue(c *atlas.Column) *atlas.Column {
	bare := *c
	t := *c.Type
	t.Null = true
	bare.Type, bare.Default, bare.Attrs = &t, nil, nil
	if serial, ok := t.Type.(*postgres.SerialType); ok {
		t.Type = serial.IntegerType()
	}
	for _, a := range c.Attrs {
		switch a.(type) {
		case *atlas.Comment, *atlas.Collation:
			bare.Attrs = append(bare.Attrs, a)
		}
	}
	return &bare
}

// settleColumns sets and drops defaults, and makes columns nullable, including those
// that are to be dropped.
func (p *planner) settleColumns(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		for _, c := range have.Columns {
			if p.settled(columnKey(have.Name, c.Name)) {
				continue
			}
			aim, stays := want.Column(c.Name)
			if !stays {
				steps = append(steps, p.releaseColumn(have, c)...)
				continue
			}
			steps = append(steps, p.settleColumn(have.Name, c, aim)...)
		}
	}
	return p.advance(ctx, steps)
}

func (p *planner) settleColumn(table string, have, want catalog.Column) []Step {
	var steps []Step
	alter := fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s ", sqltoken.Quote(table), sqltoken.Quote(have.Name))
	switch {
	case have.Default == want.Default || have.Generated || want.Generated:
	case want.Default == "":
		steps = append(steps, Step{SQL: alter + "DROP DEFAULT", Comment: fmt.Sprintf("%q has no default any more: every INSERT must give a value", have.Name)})
	default:
		comment := "The default is for new rows; existing rows keep their values"
		if p.addedEmpty[columnKey(table, have.Name)] {
			comment = "New rows get the default from now on. Existing rows have no value: backfill them, a few\nthousand at a time"
			steps = append(steps, ownSequence(table, want)...)
		}
		steps = append(steps, Step{SQL: alter + "SET DEFAULT " + want.Default, Comment: comment})
	}
	if have.NotNull && !want.NotNull {
		steps = append(steps, Step{SQL: alter + "DROP NOT NULL", Comment: fmt.Sprintf("%q may be NULL from now on: code that reads it must expect that", have.Name)})
	}
	return steps
}

// releaseColumn lets code insert that no longer knows a column, which is dropped when
// no older code is left.
func (p *planner) releaseColumn(t catalog.Table, c catalog.Column) []Step {
	if _, altered := p.want[columnKey(t.Name, c.Name)]; altered || !c.NotNull || c.Default != "" || c.Identity || c.Generated || inKey(t, c.Name) {
		return nil
	}
	return []Step{{
		SQL:     fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL", sqltoken.Quote(t.Name), sqltoken.Quote(c.Name)),
		Comment: fmt.Sprintf("Lets code that no longer knows %q insert, until the column is dropped", c.Name),
	}}
}

func inKey(t catalog.Table, column string) bool {
	return slices.ContainsFunc(t.Constraints, func(c catalog.Constraint) bool {
		return c.Type == catalog.PrimaryKey && slices.Contains(c.Columns, column)
	})
}
