package plan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// dependentObjects is the SQLSTATE of a DROP that other objects depend on.
const dependentObjects = "2BP01"

// contract drops what is no longer declared: first what depends on tables, then
// columns, tables, and what they depended on.
func (p *planner) contract(ctx context.Context) error {
	var drops []Step
	for _, kind := range []catalog.Kind{
		catalog.KindTrigger, catalog.KindPolicy, catalog.KindView, catalog.KindMaterializedView, catalog.KindColumn, catalog.KindTable,
		catalog.KindFunction, catalog.KindDomain, catalog.KindType, catalog.KindSequence, catalog.KindExtension,
	} {
		drops = append(drops, p.dropsOf(kind)...)
	}
	return p.dropAll(ctx, append(p.disableRowSecurity(), drops...))
}

// dropsOf are the statements for the objects of a kind that only the files have. What
// belongs to a dropped table goes with it.
func (p *planner) dropsOf(kind catalog.Kind) []Step {
	var drops []Step
	for k := range p.now {
		if _, stays := p.want[k]; stays || k.kind != kind {
			continue
		}
		if _, tableStays := p.full.Table(k.table); k.table != "" && !tableStays {
			continue
		}
		for _, s := range dropStatement(k) {
			if c, _ := column(p.present, k.table, k.name); !c.Generated { // its values are computed again
				s.Loses = loss(k)
			}
			drops = append(drops, s)
		}
	}
	slices.SortFunc(drops, bySQL)
	return drops
}

func bySQL(a, b Step) int { return cmp.Compare(a.SQL, b.SQL) }

// dropStatement is empty for a kind that can't be dropped by name.
func dropStatement(k key) []Step {
	var sql string
	switch k.kind {
	case catalog.KindTrigger, catalog.KindPolicy:
		table, name := k.table, k.name
		if table == "" { // a view's
			table, name, _ = strings.Cut(k.name, ".")
		}
		sql = fmt.Sprintf("DROP %s %s ON %s", keywords(k.kind), sqltoken.Quote(name), sqltoken.Quote(table))
	case catalog.KindColumn:
		sql = fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", sqltoken.Quote(k.table), sqltoken.Quote(k.name))
	case catalog.KindFunction:
		name, arguments, _ := strings.Cut(k.name, "(")
		sql = fmt.Sprintf("DROP ROUTINE %s(%s", sqltoken.Quote(name), arguments)
	case catalog.KindTable, catalog.KindView, catalog.KindMaterializedView, catalog.KindDomain, catalog.KindType, catalog.KindSequence, catalog.KindExtension:
		sql = fmt.Sprintf("DROP %s %s", keywords(k.kind), sqltoken.Quote(k.name))
	default:
		return nil
	}
	return []Step{{SQL: sql, Comment: "No longer declared"}}
}

func keywords(k catalog.Kind) string { return strings.ToUpper(string(k)) }

func loss(k key) string {
	switch k.kind {
	case catalog.KindColumn:
		return lostColumn(k.table, k.name)
	case catalog.KindTable, catalog.KindMaterializedView:
		return lostTable(k.name)
	case catalog.KindTrigger, catalog.KindPolicy:
		return fmt.Sprintf("%s %q on table %q", k.kind, k.name, k.table)
	default:
		return fmt.Sprintf("%s %q", k.kind, k.name)
	}
}

func lostTable(name string) string { return fmt.Sprintf("table %q and its rows", name) }

func lostColumn(table, name string) string {
	return fmt.Sprintf("column %q of table %q and its values", name, table)
}

// disableRowSecurity disables row-level security on the tables that no longer declare
// it.
func (p *planner) disableRowSecurity() []Step {
	const rows = " ROW LEVEL SECURITY"
	var steps []Step
	for _, have := range p.present.Tables {
		want, stays := p.full.Table(have.Name)
		if !stays {
			continue
		}
		for on, off := range map[string]string{"ENABLE": "DISABLE", "FORCE": "NO FORCE"} {
			if strings.Contains(have.Options, on+rows) && !strings.Contains(want.Options, on+rows) {
				steps = append(steps, Step{
					SQL:     fmt.Sprintf("ALTER TABLE %s %s%s", sqltoken.Quote(have.Name), off, rows),
					Comment: "No longer declared",
					Loses:   fmt.Sprintf("row-level security of table %q (%s)", have.Name, on),
				})
			}
		}
	}
	slices.SortFunc(steps, bySQL)
	return steps
}

// dropAll runs drops in an order that dependencies allow, found by trying, and adds
// them to the plan in that order.
func (p *planner) dropAll(ctx context.Context, drops []Step) error {
	for len(drops) > 0 {
		var waiting []Step
		var refusal error
		for _, s := range drops {
			_, err := p.db.ExecContext(ctx, s.SQL)
			switch {
			case err == nil:
				p.steps = append(p.steps, s)
			case failedWith(err, dependentObjects):
				waiting, refusal = append(waiting, s), err
			default:
				return fmt.Errorf("run %s: %w", s.SQL, err)
			}
		}
		if len(waiting) == len(drops) {
			together, ok := dropTogether(waiting)
			if !ok {
				return fmt.Errorf("drop what other objects depend on: %w", detailed(refusal))
			}
			waiting = together
		}
		drops = waiting
	}
	return p.refresh(ctx)
}

// dropTogether combines the drops of tables into one statement, because tables that
// reference each other can only be dropped together.
func dropTogether(drops []Step) ([]Step, bool) {
	const drop = "DROP TABLE "
	var tables, lost []string
	var others []Step
	for _, s := range drops {
		if name, ok := strings.CutPrefix(s.SQL, drop); ok {
			tables, lost = append(tables, name), append(lost, s.Loses)
			continue
		}
		others = append(others, s)
	}
	if len(tables) < 2 {
		return nil, false
	}
	all := Step{SQL: drop + strings.Join(tables, ", "), Comment: "No longer declared. They reference each other", Loses: strings.Join(lost, "\n")}
	return append([]Step{all}, others...), true
}
