package arch

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mapRow is a row of the README's map, with the path in its first cell.
var mapRow = regexp.MustCompile("^\\|[^|`]*`([^`|]+)`[^|]*\\|")

// readmeMap finds where the README's map and the tree disagree. The map is the
// table between the comments map and /map. It names what exists, and
// every package that is written by hand.
func readmeMap(t *tree) []string {
	_, rest, begun := strings.Cut(string(t.files["README.md"]), "<!-- map -->")
	text, _, ended := strings.Cut(rest, "<!-- /map -->")
	if !begun || !ended {
		return []string{"README.md has no map: a table between <!-- map --> and <!-- /map -->"}
	}
	var found, listed []string
	for _, row := range rows(text) {
		cell := mapRow.FindStringSubmatch(row)
		if cell == nil {
			found = append(found, "README.md maps no path in "+row)
			continue
		}
		p := strings.TrimSuffix(cell[1], "/")
		switch {
		case slices.Contains(listed, p):
			found = append(found, "README.md maps "+p+" twice")
		case !t.exists(p):
			found = append(found, "README.md maps "+p+", which isn't there")
		}
		listed = append(listed, p)
	}
	for _, dir := range packages(t) {
		if !slices.Contains(listed, dir) {
			found = append(found, "README.md doesn't map "+dir)
		}
	}
	return found
}

// rows returns the rows of a Markdown table, without the two of its head.
func rows(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			all = append(all, line)
		}
	}
	return all[min(2, len(all)):]
}

// packages returns the folders of packages that are written by hand and lie
// below a folder.
func packages(t *tree) []string {
	var dirs []string
	for _, s := range t.handwritten() {
		if s.dir != "." && !slices.Contains(dirs, s.dir) {
			dirs = append(dirs, s.dir)
		}
	}
	return dirs
}

func TestReadmeMap(t *testing.T) {
	t.Parallel()
	const head = "# Commitment\n<!-- map -->\n\n| path | what |\n|---|---|\n"
	files := map[string]string{
		"generate.go":            "package commitment\n",
		"cmd/commitment/main.go": "package main\n",
		"ent/client.go":          "package ent\n",
		"ent/schema/account.go":  "package schema\n",
		"internal/app/app.go":    "package app\n",
	}
	with := func(readme string) map[string]string {
		all := map[string]string{"README.md": readme}
		maps.Copy(all, files)
		return all
	}
	try(t, readmeMap, []example{
		{"takes a map of the tree", with(head +
			"| `ent/` | generated |\n| [`ent/schema`](ent/schema) | entities |\n| `cmd/commitment` | main |\n" +
			"| `internal/app` | the parts |\n| `go.mod` | `versions` |\n<!-- /map -->\n"), nil},
		{"finds what the map lacks, repeats and invents", with(head +
			"| ent | generated |\n| `ent/schema` | entities |\n| `ent/schema` | again |\n| `internal/gone` | |\n<!-- /map -->\n"), []string{
			"README.md maps no path in | ent | generated |",
			"README.md maps ent/schema twice",
			"README.md maps internal/gone, which isn't there",
			"README.md doesn't map cmd/commitment",
			"README.md doesn't map internal/app",
		}},
		{"takes no row from outside the map", with(head + "<!-- /map -->\n| `internal/app` | the parts |\n"), []string{
			"README.md doesn't map cmd/commitment",
			"README.md doesn't map ent/schema",
			"README.md doesn't map internal/app",
		}},
		{"asks for a map", with("# Commitment\n"), []string{
			"README.md has no map: a table between <!-- map --> and <!-- /map -->",
		}},
	})
}
