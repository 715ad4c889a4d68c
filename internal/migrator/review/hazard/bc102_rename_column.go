package hazard

import (
	"fmt"

	"commitment/internal/migration/catalog"
)

var bc102 = Rule{
	Code: "BC102", Slug: "rename-column", Manual: alterTable,
	Title: "a column is renamed",
	check: renameColumn,
}

func renameColumn(s subject) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if was.Name == is.Name || s.keptByView(p, was) {
				continue
			}
			found = append(found, Finding{
				Severity: Error, Table: p.after.Name,
				Title:  fmt.Sprintf("code that uses %s of %s breaks: it is now named %s", was.Name, p.after.Name, is.Name),
				Reason: noNameSuits,
				Advice: fmt.Sprintf("Keep the name, in Ent with StorageKey(%q); or add a column, write to both, and drop the old one in a later release.", was.Name),
			})
		}
	}
	return found
}

// keptByView reports whether the file leaves a view under the table's first name, through
// which code still uses the column: what the view selects is BC101's.
func (s subject) keptByView(p pair, was catalog.Column) bool {
	first, inUse := s.file[0].Before.TableOf(p.before)
	_, there := first.Column(was.Name)
	return inUse && there && s.hasView(first.Name)
}
