package report

import (
	"slices"

	"commitment/internal/migration/catalog"
)

// box is a table in the diagram: all columns of a table that was added or dropped, and
// otherwise those that change or that a key needs.
func (d diagramSource) box(name string, keys []key) box {
	before, after := d.before[name], d.after[name]
	b := box{Name: line(name), Mark: d.markOfTable(name)}
	marks := map[string]catalog.Change{}
	for _, c := range d.changes[name] {
		if c.Kind == catalog.KindColumn {
			marks[c.Name] = c
		}
	}
	for _, c := range columnsOfTable(before, after) {
		r, wanted := d.row(name, c, marks, keys)
		if wanted || b.Mark == added || b.Mark == removed {
			b.Rows = append(b.Rows, r)
			continue
		}
		b.More++
	}
	for _, c := range d.changes[name] {
		if c.Kind != catalog.KindTable && c.Kind != catalog.KindColumn {
			b.Rows = append(b.Rows, row{Mark: markOf(c), Name: line(c.Name), Is: form{Type: line(string(c.Kind))}})
		}
	}
	if len(b.Rows) > maxRows {
		b.More += len(b.Rows) - maxRows
		b.Rows = b.Rows[:maxRows]
	}
	return b
}

func (d diagramSource) markOfTable(name string) mark {
	switch {
	case d.before[name] == nil:
		return added
	case d.after[name] == nil:
		return removed
	case len(d.changes[name]) > 0:
		return changed
	default:
		return same
	}
}

// columnsOfTable are the present columns of a table, then those it had before.
func columnsOfTable(before, after *catalog.Table) []catalog.Column {
	if after == nil {
		return before.Columns
	}
	if before == nil {
		return after.Columns
	}
	all := slices.Clone(after.Columns)
	for _, c := range before.Columns {
		if column(after, c.Name) == nil {
			all = append(all, c)
		}
	}
	return all
}

func column(t *catalog.Table, name string) *catalog.Column {
	if t == nil {
		return nil
	}
	i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Columns[i]
}

// row is a column, and whether a diagram of changes needs it.
func (d diagramSource) row(table string, c catalog.Column, changes map[string]catalog.Change, keys []key) (row, bool) {
	r := row{Name: line(c.Name), Is: formOf(c), Key: d.keyOf(table, c.Name, keys), Column: true}
	change, ok := changes[c.Name]
	if !ok {
		r.Mark = d.markOfTable(table)
		if r.Mark == changed {
			r.Mark = same
		}
		return r, r.Key != ""
	}
	r.Mark = markOf(change)
	if was := column(d.before[table], c.Name); r.Mark == changed && was != nil {
		r.Was = formOf(*was)
		if r.Was == r.Is {
			r.Is.More += " " + defaultText(c)
			r.Was.More += " " + defaultText(*was)
		}
	}
	return r, true
}

func formOf(c catalog.Column) form {
	f := form{Type: shorter.Replace(line(c.Type))}
	if c.NotNull {
		f.More = "not null"
	}
	return f
}

func defaultText(c catalog.Column) string {
	switch {
	case c.Identity:
		return "identity"
	case c.Default == "":
		return "no default"
	case c.Generated:
		return "generated " + line(c.Default)
	default:
		return "default " + line(c.Default)
	}
}

// keyOf says whether a column is in the primary key, in a foreign key, or referenced by
// one.
func (d diagramSource) keyOf(table, name string, keys []key) string {
	for _, t := range []*catalog.Table{d.after[table], d.before[table]} {
		if t == nil {
			continue
		}
		for _, c := range t.Constraints {
			if c.Type == catalog.PrimaryKey && slices.Contains(c.Columns, name) {
				return "PK"
			}
		}
	}
	for _, k := range keys {
		if k.table == table && slices.Contains(k.Columns, name) {
			return "FK"
		}
	}
	for _, k := range keys {
		if k.References == table && slices.Contains(k.RefColumns, name) {
			return "UK"
		}
	}
	return ""
}
