package plan

import "context"

// addTables creates the tables that the files don't have, with their indexes and
// foreign keys: nobody uses them yet, so there is nothing to be careful about.
func (p *planner) addTables(ctx context.Context) error {
	var names []string
	for _, t := range p.base.Tables {
		_, there := p.present.Table(t.Name)
		if _, ours := p.words[t.Name]; ours && !there {
			names = append(names, t.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	steps, err := p.words.create(ctx, names)
	if err != nil {
		return err
	}
	return p.advance(ctx, steps)
}
