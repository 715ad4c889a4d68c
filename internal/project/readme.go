package project

import (
	"errors"
	"strings"
)

// readme is the project's own README.
func (s Settings) readme() ([]byte, error) {
	data := map[string]any{"Title": s.title(), "Name": s.Name}
	if s.Entity != "" {
		data["Entity"] = s.entity()
	}
	return execute("README.md.tmpl", data)
}

// mapFile has the map of the tree, which a test compares with the tree.
const mapFile = "docs/architecture.md"

// trimMap takes out of the map what the project doesn't have.
func (t tree) trimMap() error {
	before, rest, begun := strings.Cut(string(t[mapFile]), "<!-- map -->\n")
	table, after, ended := strings.Cut(rest, "<!-- /map -->")
	if !begun || !ended {
		return errors.New(mapFile + " has no map")
	}
	var kept strings.Builder
	for row := range strings.Lines(table) {
		if cell := strings.SplitN(row, "`", 3); len(cell) < 3 || t.has(cell[1]) {
			kept.WriteString(row)
		}
	}
	t[mapFile] = []byte(before + "<!-- map -->\n" + kept.String() + "<!-- /map -->" + after)
	return nil
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
