package arch

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mapFile holds the map of the tree.
const mapFile = "docs/architecture.md"

// mapRow is a row of the map, with the path in its first cell.
var mapRow = regexp.MustCompile("^\\|[^|`]*`([^`|]+)`[^|]*\\|")

// treeMap finds differences between the map and the tree. The map is the table between
// the comments map and /map. It names what exists, and every hand-written package.
func treeMap(t *tree) []string {
	_, rest, begun := strings.Cut(string(t.files[mapFile]), "<!-- map -->")
	text, _, ended := strings.Cut(rest, "<!-- /map -->")
	if !begun || !ended {
		return []string{mapFile + " has no map: a table between <!-- map --> and <!-- /map -->"}
	}
	var found, listed []string
	for _, row := range rows(text) {
		cell := mapRow.FindStringSubmatch(row)
		if cell == nil {
			found = append(found, mapFile+" maps no path in "+row)
			continue
		}
		p := strings.TrimSuffix(cell[1], "/")
		switch {
		case slices.Contains(listed, p):
			found = append(found, mapFile+" maps "+p+" twice")
		case !t.exists(p):
			found = append(found, mapFile+" maps "+p+", which doesn't exist")
		}
		listed = append(listed, p)
	}
	for _, dir := range packages(t) {
		if !slices.Contains(listed, dir) {
			found = append(found, mapFile+" doesn't map "+dir)
		}
	}
	return found
}

// rows returns the rows of a Markdown table, without its head.
func rows(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			all = append(all, line)
		}
	}
	return all[min(2, len(all)):]
}

// packages returns the directories of the hand-written packages below the top.
func packages(t *tree) []string {
	var dirs []string
	for _, s := range t.handwritten() {
		if s.dir != "." && !slices.Contains(dirs, s.dir) {
			dirs = append(dirs, s.dir)
		}
	}
	return dirs
}

func TestTreeMap(t *testing.T) {
	t.Parallel()
	const head = "# Architecture\n<!-- map -->\n\n| path | what |\n|---|---|\n"
	files := map[string]string{
		"generate.go":            "package commitment\n",
		"cmd/commitment/main.go": "package main\n",
		"ent/client.go":          "package ent\n",
		"ent/schema/product.go":  "package schema\n",
		"internal/app/app.go":    "package app\n",
	}
	with := func(text string) map[string]string {
		all := map[string]string{mapFile: text}
		maps.Copy(all, files)
		return all
	}
	try(t, treeMap, []example{
		{"accepts a map of the tree", with(head +
			"| `ent/` | generated |\n| [`ent/schema`](ent/schema) | entities |\n| `cmd/commitment` | main |\n" +
			"| `internal/app` | the parts |\n| `go.mod` | `versions` |\n<!-- /map -->\n"), nil},
		{"finds what the map lacks, repeats and invents", with(head +
			"| ent | generated |\n| `ent/schema` | entities |\n| `ent/schema` | again |\n| `internal/gone` | |\n<!-- /map -->\n"), []string{
			"docs/architecture.md maps no path in | ent | generated |",
			"docs/architecture.md maps ent/schema twice",
			"docs/architecture.md maps internal/gone, which doesn't exist",
			"docs/architecture.md doesn't map cmd/commitment",
			"docs/architecture.md doesn't map internal/app",
		}},
		{"ignores rows outside of the map", with(head + "<!-- /map -->\n| `internal/app` | the parts |\n"), []string{
			"docs/architecture.md doesn't map cmd/commitment",
			"docs/architecture.md doesn't map ent/schema",
			"docs/architecture.md doesn't map internal/app",
		}},
		{"requires a map", with("# Architecture\n"), []string{
			mapFile + " has no map: a table between <!-- map --> and <!-- /map -->",
		}},
	})
}
