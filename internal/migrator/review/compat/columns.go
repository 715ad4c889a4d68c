package compat

import "slices"

// present are the entity's columns that the table has.
func (p *probe) present() []Column {
	var present []Column
	for _, c := range p.entity.Columns {
		if _, there := p.table.Column(c.Name); there {
			present = append(present, c)
		}
	}
	return present
}

// required are the columns of every INSERT, and written those of the longest one: of
// the present columns, or of all without a table.
func (p *probe) required() []Column { return p.those(func(c Column) bool { return c.Required }) }
func (p *probe) written() []Column  { return p.those(func(c Column) bool { return !c.Generated }) }

func (p *probe) those(are func(Column) bool) []Column {
	columns := p.entity.Columns
	if p.table.Name != "" {
		columns = p.present()
	}
	return slices.DeleteFunc(slices.Clone(columns), func(c Column) bool { return !are(c) })
}

func (p *probe) column(name string) (Column, bool) {
	i := slices.IndexFunc(p.entity.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return p.entity.Columns[i], true
}

func (p *probe) has(columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool {
		_, there := p.table.Column(name)
		return !there
	})
}
