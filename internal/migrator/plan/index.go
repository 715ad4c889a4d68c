package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// buildReferenced builds the unique indexes that foreign keys will reference.
func (p *planner) buildReferenced(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		want.Indexes = slices.DeleteFunc(slices.Clone(want.Indexes), func(i catalog.Index) bool { return !p.isReferenced(want.Name, i) })
		built, err := p.buildIndexes(ctx, have, want)
		if err != nil {
			return err
		}
		steps = append(steps, built...)
	}
	return p.advance(ctx, steps)
}

// isReferenced reports whether a foreign key references the columns of a unique index.
func (p *planner) isReferenced(table string, i catalog.Index) bool {
	columns := slices.Sorted(slices.Values(i.Columns))
	return i.Unique && slices.ContainsFunc(p.base.Tables, func(t catalog.Table) bool {
		return slices.ContainsFunc(t.Constraints, func(c catalog.Constraint) bool {
			return c.Type == catalog.ForeignKey && c.References == table && slices.Equal(slices.Sorted(slices.Values(c.RefColumns)), columns)
		})
	})
}

// changeIndexes builds and drops indexes online. The new index is built before the old
// one is dropped, so that queries always have one.
func (p *planner) changeIndexes(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		built, err := p.buildIndexes(ctx, have, want)
		if err != nil {
			return err
		}
		steps = append(steps, built...)
		for _, i := range have.Indexes {
			_, stays := p.want[indexKey(have.Name, i.Name)]
			if stays || i.Constraint != "" || goesWithColumn(plainColumns(i, have), want) || i.Unique && p.supersededUnfilled(want, i.Columns) {
				continue
			}
			steps = append(steps, dropIndex(i.Name, fmt.Sprintf("No entity declares %q any more. Reads and writes go on", i.Name)))
		}
	}
	return p.advance(ctx, steps)
}

func indexKey(table, name string) key { return key{catalog.KindIndex, table, name} }

// plainColumns are the columns of an index, without its expressions.
func plainColumns(i catalog.Index, t catalog.Table) []string {
	var names []string
	for _, name := range i.Columns {
		if _, ok := t.Column(name); ok {
			names = append(names, name)
		}
	}
	return names
}

func (p *planner) buildIndexes(ctx context.Context, have, want catalog.Table) ([]Step, error) {
	var steps []Step
	for _, i := range want.Indexes {
		old, there := index(p.present, have.Name, i.Name)
		if i.Constraint != "" || p.settled(indexKey(want.Name, i.Name)) || there && old.Constraint != "" && trialDefinition(old) == trialDefinition(i) {
			continue
		}
		same := false
		if there {
			var err error
			if same, err = p.sameIndex(ctx, have.Name, old, i); err != nil {
				return nil, err
			}
		}
		if same && old.Valid {
			continue
		}
		build, err := p.buildIndex(ctx, want.Name, i)
		if err != nil {
			return nil, err
		}
		switch {
		case !there:
			steps = append(steps, build)
		case !old.Valid:
			steps = append(steps, dropIndex(i.Name, "A build that failed has left it: it costs writes and serves no reads"), build)
		default:
			aside := suffixed(i.Name, "_old")
			steps = append(steps, Step{
				SQL:     fmt.Sprintf("ALTER INDEX %s RENAME TO %s", sqltoken.Quote(i.Name), sqltoken.Quote(aside)),
				Comment: "Keep the old index in use until its replacement is built",
			}, build, dropIndex(aside, "Its successor is in use. Reads and writes go on"))
		}
	}
	return steps, nil
}

func (p *planner) buildIndex(ctx context.Context, table string, i catalog.Index) (Step, error) {
	step := Step{
		SQL:     strings.Replace(i.Definition, " INDEX ", " INDEX CONCURRENTLY ", 1),
		Comment: "Build the index while others read and write",
		Alone:   true,
	}
	if i.Unique {
		step.Comment += ". It fails, and leaves an index\nthat isn't valid, when a value is there twice"
	}
	written, ok := p.desired.index(table, i.Name)
	if !ok {
		return step, nil
	}
	steps, err := p.desired.alter(ctx, table, &atlas.AddIndex{I: written, Extra: []atlas.Clause{&postgres.Concurrently{}}})
	if err != nil {
		return Step{}, err
	}
	step.SQL = steps[0].SQL
	return step, nil
}

func dropIndex(name, comment string) Step {
	return Step{SQL: "DROP INDEX CONCURRENTLY " + sqltoken.Quote(name), Comment: comment, Alone: true}
}
