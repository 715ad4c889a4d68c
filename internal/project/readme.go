package project

import (
	"errors"
	"strings"
)

// readme returns the project's own README, with the guide to changes of the foundation's.
func (s Settings) readme(foundation []byte) ([]byte, error) {
	_, rest, begun := strings.Cut(string(foundation), "## Add and review a migration\n")
	guide, _, ended := strings.Cut(rest, "## Make it yours\n")
	if !begun || !ended {
		return nil, errors.New("README.md has no guide from \"Add and review a migration\" to \"Make it yours\"")
	}
	other := Settings{Module: s.Module, Entity: "Owner"}
	if s.Entity == other.Entity {
		other.Entity = "Team"
	}
	data := map[string]any{
		"Title": s.title(), "Name": s.Name, "Other": other.entity(),
		"Guide": "## Add and review a migration\n" + guide,
	}
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
