package reqtx_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// row is a row of a table of the documentation, by column.
type row map[string]string

// table is the table below a heading of docs/request-transaction.md.
func table(t *testing.T, heading string) []row {
	t.Helper()
	text, err := os.ReadFile("../../docs/request-transaction.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("there is no chapter %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var lines [][]string
	for line := range strings.Lines(section) {
		if inner, ok := strings.CutPrefix(strings.TrimSpace(line), "|"); ok {
			cells := strings.Split(strings.TrimSuffix(inner, "|"), "|")
			for i := range cells {
				cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "`", "")
			}
			lines = append(lines, cells)
		}
	}
	if len(lines) < 3 {
		t.Fatalf("chapter %q has no table", heading)
	}
	var rows []row
	for _, cells := range lines[2:] {
		r := row{}
		for i, cell := range cells {
			r[lines[0][i]] = cell
		}
		rows = append(rows, r)
	}
	return rows
}

// alternatives are the values that a cell names, one after the other.
func alternatives(cell string) []string { return strings.Split(cell, ", ") }

// fits reports whether a cell names value; "any" and "anything" name all.
func fits(cell, value string) bool {
	return cell == "any" || cell == "anything" || slices.Contains(alternatives(cell), value)
}

// firstFit is the first row whose cells name the values, by column.
func firstFit(t *testing.T, rows []row, values row) row {
	t.Helper()
	for _, r := range rows {
		all := true
		for column, value := range values {
			cell, ok := r[column]
			if !ok {
				t.Fatalf("there is no column %q", column)
			}
			all = all && fits(cell, value)
		}
		if all {
			return r
		}
	}
	t.Errorf("no row fits %v", values)
	return nil
}

// wantVocabulary compares the values in a column with those that a test knows: what
// the test can't do isn't said, and what it can is.
func wantVocabulary(t *testing.T, rows []row, column string, known []string) {
	t.Helper()
	var said []string
	for _, r := range rows {
		if cell := r[column]; cell != "any" && cell != "anything" {
			said = append(said, alternatives(cell)...)
		}
	}
	for _, value := range said {
		if !slices.Contains(known, value) {
			t.Errorf("column %q says %q, want one of %q", column, value, known)
		}
	}
	for _, value := range known {
		if !slices.Contains(said, value) {
			t.Errorf("column %q doesn't say %q", column, value)
		}
	}
}
