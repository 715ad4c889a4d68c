package compat

import (
	"context"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// clear removes rules that sample values could violate. PostgreSQL refuses that for
// what a partition inherits, so it stays there.
func (p *probe) clear(ctx context.Context) error {
	for _, c := range p.table.Constraints {
		switch c.Type {
		case catalog.ForeignKey, catalog.Exclusion:
		case catalog.Check:
			if p.isEnumCheck(c) {
				continue
			}
			if err := p.setNotNull(ctx, c); err != nil {
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

// setNotNull makes a column NOT NULL if a check requires that. To code it is the same,
// and so PostgreSQL's message is the same before and after one replaces the other.
func (p *probe) setNotNull(ctx context.Context, c catalog.Constraint) error {
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

// isEnumCheck reports whether a check is about one column, which is an enum.
func (p *probe) isEnumCheck(c catalog.Constraint) bool {
	if len(c.Columns) != 1 {
		return false
	}
	column, ok := p.column(c.Columns[0])
	return ok && len(column.Enums) > 0
}
