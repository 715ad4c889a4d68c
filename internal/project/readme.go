package project

import (
	"errors"
	"strings"
)

// readme returns the project's own README.
func (s Settings) readme() ([]byte, error) {
	data := map[string]any{"Title": s.title(), "Name": s.Name}
	if s.Entity != "" {
		data["Entity"] = s.entity()
	}
	return render("README.md.tmpl", data)
}

// mapFile contains the map of the tree, which a test compares with the tree.
const mapFile = "docs/architecture.md"

// trimMap removes from the map what the project doesn't have.
func (t tree) trimMap() error {
	before, rest, begun := strings.Cut(string(t[mapFile]), "<!-- map -->\n")
	table, after, ended := strings.Cut(rest, "<!-- /map -->")
	if !begun || !ended {
		return errors.New(mapFile + " has no map")
	}
	var kept strings.Builder
	for row := range strings.Lines(table) {
		if cell := strings.SplitN(row, "`", 3); len(cell) < 3 || t.exists(cell[1]) {
			kept.WriteString(row)
		}
	}
	t[mapFile] = []byte(before + "<!-- map -->\n" + kept.String() + "<!-- /map -->" + after)
	return nil
}

// exists reports whether there is a file or a directory at p.
func (t tree) exists(p string) bool {
	p = strings.TrimSuffix(p, "/")
	for file := range t {
		if file == p || strings.HasPrefix(file, p+"/") {
			return true
		}
	}
	return false
}
