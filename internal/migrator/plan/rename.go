package plan

import (
	"context"
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/schemakit"
	"commitment/internal/sqltoken"
)

// rename renames the tables and columns whose annotations give an older name, unless
// that was done already.
func (p *planner) rename(ctx context.Context) error {
	for _, r := range p.renames {
		var steps []Step
		if r.Column == "" {
			steps = p.renameTable(r.From, r.Table)
		} else {
			steps = p.renameColumn(r.Table, r.From, r.Column)
		}
		if err := p.advance(ctx, steps); err != nil {
			return err
		}
	}
	return nil
}

// checkRenames returns an error if a name changes hands within one plan, as two names
// do in a swap: running code would confuse the two, and the schema doesn't show whether
// the swap was done.
func (p *planner) checkRenames() error {
	for _, r := range p.renames {
		name := former(r)
		passed := slices.ContainsFunc(p.renames, func(next schemakit.Rename) bool {
			return next.Table == name.Table && next.Column == name.Column && p.isThere(former(next))
		})
		if passed && p.isThere(name) {
			return fmt.Errorf("RenamedFrom reuses the name of %s in the same release: rename one per release, or write the migration by hand and remove the annotations", described(name))
		}
	}
	return nil
}

// former is the table or column that a rename starts from.
func former(r schemakit.Rename) schemakit.Rename {
	if r.Column == "" {
		return schemakit.Rename{Table: r.From}
	}
	return schemakit.Rename{Table: r.Table, Column: r.From}
}

func (p *planner) isThere(r schemakit.Rename) bool {
	if r.Column == "" {
		_, there := p.present.Table(r.Table)
		return there
	}
	_, there := column(p.present, r.Table, r.Column)
	return there
}

func described(r schemakit.Rename) string {
	if r.Column == "" {
		return fmt.Sprintf("table %q", r.Table)
	}
	return fmt.Sprintf("column %q of table %q", r.Column, r.Table)
}

func (p *planner) renameTable(from, to string) []Step {
	_, had := p.present.Table(from)
	_, has := p.present.Table(to)
	_, kept := p.full.Table(from)
	_, wanted := p.full.Table(to)
	if !had || has || kept || !wanted {
		return nil
	}
	return []Step{{
		SQL:     fmt.Sprintf("ALTER TABLE %s RENAME TO %s", sqltoken.Quote(from), sqltoken.Quote(to)),
		Comment: fmt.Sprintf("Rename table %q to %q and keep its rows: code that uses the old name fails from now on", from, to),
	}}
}

func (p *planner) renameColumn(table, from, to string) []Step {
	_, had := column(p.present, table, from)
	_, has := column(p.present, table, to)
	_, kept := column(p.full, table, from)
	_, wanted := column(p.full, table, to)
	if !had || has || kept || !wanted {
		return nil
	}
	return []Step{{
		SQL:     fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", sqltoken.Quote(table), sqltoken.Quote(from), sqltoken.Quote(to)),
		Comment: fmt.Sprintf("Rename column %q to %q and keep its values: code that uses the old name fails from now on", from, to),
	}}
}

// renameParts renames the constraints and indexes that differ in their name only, such
// as those whose name Ent derives from a table or column.
func (p *planner) renameParts(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		steps = append(steps, p.renameConstraints(have, want)...)
	}
	if err := p.advance(ctx, steps); err != nil {
		return err
	}
	steps = nil
	for have, want := range p.shared {
		steps = append(steps, p.renameIndexes(have, want)...)
	}
	return p.advance(ctx, steps)
}

func (p *planner) renameConstraints(have, want catalog.Table) []Step {
	var steps []Step
	taken := map[string]bool{}
	for _, old := range have.Constraints {
		if _, stays := constraint(p.full, want.Name, old.Name); stays {
			continue
		}
		for _, c := range want.Constraints {
			_, there := constraint(p.present, have.Name, c.Name)
			if there || taken[c.Name] || c.Type != old.Type || withoutNotValid(c) != withoutNotValid(old) {
				continue
			}
			taken[c.Name] = true
			steps = append(steps, Step{
				SQL:     fmt.Sprintf("ALTER TABLE %s RENAME CONSTRAINT %s TO %s", sqltoken.Quote(have.Name), sqltoken.Quote(old.Name), sqltoken.Quote(c.Name)),
				Comment: fmt.Sprintf("Rename constraint %q, which is otherwise the same", old.Name),
			})
			break
		}
	}
	return steps
}

func (p *planner) renameIndexes(have, want catalog.Table) []Step {
	var steps []Step
	taken := map[string]bool{}
	for _, old := range have.Indexes {
		if _, stays := index(p.full, want.Name, old.Name); stays || old.Constraint != "" {
			continue
		}
		for _, i := range want.Indexes {
			_, there := index(p.present, have.Name, i.Name)
			if there || taken[i.Name] || i.Constraint != "" || trialDefinition(i) != trialDefinition(old) {
				continue
			}
			taken[i.Name] = true
			steps = append(steps, Step{
				SQL:     fmt.Sprintf("ALTER INDEX %s RENAME TO %s", sqltoken.Quote(old.Name), sqltoken.Quote(i.Name)),
				Comment: fmt.Sprintf("Rename index %q, which is otherwise the same", old.Name),
			})
			break
		}
	}
	return steps
}
