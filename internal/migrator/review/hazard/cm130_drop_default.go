package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var cm130 = Rule{
	Code: "CM130", Slug: "drop-default", Manual: alterTable,
	Title: "a default is dropped",
	check: dropDefault,
}

func dropDefault(s subject) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if was.Default == "" || numbered(was) || was.Generated || is.Default != "" || s.finally(p, is).Default != "" || !s.columnInUse(p, was) {
				continue
			}
			f := Finding{
				Severity: Note, Table: p.after.Name,
				Title:  fmt.Sprintf("an INSERT into %s that doesn't name %s leaves it NULL from now on", p.after.Name, is.Name),
				Reason: fmt.Sprintf("Until now, such a row got %s.", was.Default),
				Advice: "Deploy code that writes the column itself first.",
			}
			if is.NotNull {
				f.Severity = Warning
				f.Title = fmt.Sprintf("an INSERT into %s that doesn't name %s fails from now on", p.after.Name, is.Name)
			}
			found = append(found, f)
		}
	}
	return found
}

// finally is a column as it is at the end of the file.
func (s subject) finally(p pair, c catalog.Column) catalog.Column {
	table, _ := s.final().TableOf(p.after)
	final, _ := columnAt(table, c.Position)
	return final
}

// columnInUse reports whether a column existed when the file began.
func (s subject) columnInUse(p pair, c catalog.Column) bool {
	table, _ := s.file[0].Before.TableOf(p.before)
	_, was := columnAt(table, c.Position)
	return was
}
