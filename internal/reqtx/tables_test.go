package reqtx_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row is a row of a table of the documentation, by column.
type row map[string]string

// table is the table of a chapter of docs/request-transaction.md.
func table(t *testing.T, chapter string) []row {
	t.Helper()
	const path = "../../docs/request-transaction.md"
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(file), "\n## "+chapter+"\n")
	_, rest, hasTable := strings.Cut(rest, "\n|")
	if !found || !hasTable {
		t.Fatalf("%s has no table in chapter %q", path, chapter)
	}
	lines, _, _ := strings.Cut("|"+rest, "\n\n")
	var rows []row
	var head []string
	for line := range strings.Lines(lines) {
		cells := cellsOf(line)
		switch {
		case head == nil:
			head = cells
		case !strings.HasPrefix(cells[0], "---"):
			r := row{}
			for i, cell := range cells {
				r[head[i]] = cell
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// cellsOf are the cells of a line of a table, without the marks of code.
func cellsOf(line string) []string {
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i := range cells {
		cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "`", "")
	}
	return cells
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

// TestPackageDocumentationAgrees compares the table of the package's documentation
// with the long one, which is compared with what requests do.
func TestPackageDocumentationAgrees(t *testing.T) {
	t.Parallel()
	long := table(t, "How the handler ends")
	godoc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		godoc               string
		end, marked, status string
	}{
		{"panic, http.ErrAbortHandler, runtime.Goexit", "panics", "no", "none"},
		{"client gone, deadline passed", "returns past its deadline", "txn.CommitAnyway", "below 400"},
		{"txn.RollbackOnly", "returns", "both ways", "below 400"},
		{"txn.CommitAnyway", "returns", "txn.CommitAnyway", "400 and above"},
		{"status 400 and above", "returns", "no", "400 and above"},
		{"any other status, an implicit 200 included", "returns", "no", "none"},
	} {
		want := firstFit(t, long, row{"the handler": tt.end, "marked": tt.marked, "status": tt.status})["the transaction is"]
		line := regexp.QuoteMeta("//\t"+tt.godoc+" ") + " +" + map[string]string{"committed": "commit", "rolled back": "rollback"}[want] + " "
		if !regexp.MustCompile(line).Match(godoc) {
			t.Errorf("doc.go doesn't say of %q that the transaction is %s", tt.godoc, want)
		}
	}
}
