package plan

import (
	"context"
	"fmt"

	"commitment/internal/sqltoken"

	atlas "ariga.io/atlas/sql/schema"
)

// comments are the comments in a database, by table and column; the table's own has an
// empty column.
type comments map[[2]string]string

func (p *planner) readComments(ctx context.Context) (comments, error) {
	rows, err := p.db.QueryContext(ctx, `SELECT c.relname, coalesce(a.attname, ''), d.description
		FROM pg_description d
		JOIN pg_class c ON c.oid = d.objoid AND c.relkind IN ('r', 'p')
		LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
		WHERE d.classoid = 'pg_class'::regclass AND c.relnamespace = quote_ident(current_schema())::regnamespace`)
	if err != nil {
		return nil, fmt.Errorf("read comments: %w", err)
	}
	defer rows.Close()
	all := comments{}
	for rows.Next() {
		var table, column, text string
		if err := rows.Scan(&table, &column, &text); err != nil {
			return nil, fmt.Errorf("read comments: %w", err)
		}
		all[[2]string{table, column}] = text
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read comments: %w", err)
	}
	return all, nil
}

// commentSteps write the comments that the entities have and the files don't. Other
// comments stay, because people write them by hand.
func (p *planner) commentSteps(ctx context.Context) ([]Step, error) {
	have, err := p.readComments(ctx)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, t := range p.base.Tables {
		w, ours := p.desired[t.Name]
		if !ours {
			continue
		}
		on := "TABLE " + sqltoken.Quote(t.Name)
		steps = append(steps, remark(on, have[[2]string{t.Name, ""}], w.Attrs)...)
		for _, c := range w.Columns {
			on := fmt.Sprintf("COLUMN %s.%s", sqltoken.Quote(t.Name), sqltoken.Quote(c.Name))
			steps = append(steps, remark(on, have[[2]string{t.Name, c.Name}], c.Attrs)...)
		}
	}
	return steps, nil
}

func remark(on, have string, attrs []atlas.Attr) []Step {
	for _, a := range attrs {
		if c, ok := a.(*atlas.Comment); ok && c.Text != "" && c.Text != have {
			return []Step{{SQL: fmt.Sprintf("COMMENT ON %s IS %s", on, sqltoken.Literal(c.Text)), Comment: "Comment as declared by the entity"}}
		}
	}
	return nil
}

func (p *planner) addComments(ctx context.Context) error {
	steps, err := p.commentSteps(ctx)
	if err != nil {
		return err
	}
	return p.advance(ctx, steps)
}
