package project

import (
	"errors"
	"strings"
)

// readme is the project's own README, with the tables of the foundation's, which tests
// compare with the tree and the settings.
func (s Settings) readme(foundations string, t tree) ([]byte, error) {
	table, ok := between(foundations, "<!-- map -->\n", "<!-- /map -->")
	settings, also := between(foundations, "<!-- settings -->\n", "<!-- /settings -->")
	ends, too := between(foundations, "the first row that fits counts:\n\n", "\n\n")
	if !ok || !also || !too {
		return nil, errors.New("README.md has no map, no settings, or no table of how a request ends")
	}
	var rows strings.Builder
	for row := range strings.Lines(table) {
		if cell := strings.SplitN(row, "`", 3); len(cell) < 3 || t.has(cell[1]) {
			rows.WriteString(row)
		}
	}
	data := map[string]any{
		"Title": s.title(), "Name": s.Name, "Env": strings.ToUpper(s.ident()),
		"Map": rows.String(), "Settings": settings, "Ends": ends,
	}
	if s.Entity != "" {
		data["Entity"] = s.entity()
	}
	return execute("README.md.tmpl", data)
}

// between returns what stands between two marks.
func between(text, begin, end string) (string, bool) {
	_, rest, begun := strings.Cut(text, begin)
	text, _, ended := strings.Cut(rest, end)
	return text, begun && ended
}

// has reports whether there is a file or a folder at p.
func (t tree) has(p string) bool {
	p = strings.TrimSuffix(p, "/")
	for file := range t {
		if file == p || strings.HasPrefix(file, p+"/") {
			return true
		}
	}
	return false
}
