package compat

import (
	"context"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// clear takes rules out of the way that sample values could break. PostgreSQL
// refuses that for what a partition inherits, and so it stays there.
func (p *probe) clear(ctx context.Context) error {
	for _, c := range p.table.Constraints {
		switch c.Type {
		case catalog.ForeignKey, catalog.Exclusion:
		case catalog.Check:
			if p.isEnumCheck(c) {
				continue
			}
			if err := p.demand(ctx, c); err != nil {
				return err
			}
		default:
			continue
		}
		if _, err := p.alter(ctx, "DROP CONSTRAINT "+sqltoken.Quote(c.Name)); err != nil {
			return err
		}
	}
	for _, o := range p.table.Others {
		if o.Kind == catalog.KindTrigger && isAfter(o.Definition) {
			if _, err := p.alter(ctx, "DISABLE TRIGGER "+sqltoken.Quote(o.Name)); err != nil {
				return err
			}
		}
	}
	for _, c := range p.present() {
		if _, known := p.sample(c); !known {
			if _, err := p.alter(ctx, "ALTER "+sqltoken.Quote(c.Name)+" DROP NOT NULL"); err != nil {
				return err
			}
		}
	}
	return nil
}

// demand makes a column NOT NULL that a check demands to be: to code it is the same,
// and so is then what PostgreSQL says before the one takes the other's place and
// after.
func (p *probe) demand(ctx context.Context, c catalog.Constraint) error {
	if len(c.Columns) != 1 {
		return nil
	}
	rule := strings.TrimSuffix(c.Definition, " NOT VALID")
	for _, name := range []string{c.Columns[0], sqltoken.Quote(c.Columns[0])} {
		if rule == "CHECK ("+name+" IS NOT NULL)" {
			_, err := p.alter(ctx, "ALTER "+sqltoken.Quote(c.Columns[0])+" SET NOT NULL")
			return err
		}
	}
	return nil
}

func isAfter(trigger string) bool {
	return strings.HasPrefix(trigger, "CREATE CONSTRAINT TRIGGER") || strings.Contains(trigger, " AFTER ")
}

// isEnumCheck says whether a check looks at one column alone, and that is an enum.
func (p *probe) isEnumCheck(c catalog.Constraint) bool {
	if len(c.Columns) != 1 {
		return false
	}
	column, ok := p.column(c.Columns[0])
	return ok && len(column.Enums) > 0
}
