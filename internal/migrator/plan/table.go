package plan

import "context"

// addTables creates the missing tables with their indexes and foreign keys. Nobody uses
// them yet, so nothing is blocked.
func (p *planner) addTables(ctx context.Context) error {
	var names []string
	for _, t := range p.base.Tables {
		_, there := p.present.Table(t.Name)
		if _, ours := p.desired[t.Name]; ours && !there {
			names = append(names, t.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	steps, err := p.desired.create(ctx, names)
	if err != nil {
		return err
	}
	return p.advance(ctx, steps)
}
