package review

import (
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"
)

func TestParseDirective(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]suppression{
		"":              {},
		"DS103":         {rules: []string{"DS103"}},
		"DS103 condrop": {rules: []string{"DS103", "condrop"}},
		`DS103 reason="nobody reads it, see DS102" until=2027-01-31`: {
			rules: []string{"DS103"}, reason: "nobody reads it, see DS102", until: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
		},
		`reason=größer DS103`: {rules: []string{"DS103"}, reason: "größer"},
	} {
		got := parseDirective(text)
		if got.problem != nil {
			t.Errorf("%s: %v", text, got.problem)
		}
		if diff := cmp.Diff(&want, got, cmp.AllowUnexported(suppression{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{
		"DS103 until=soon", "DS103 until=2027-02-30", "until=", `reason="open`, "reasn=x", `DS103 "x"`, "DS103 =", `reason=a"b"`,
	} {
		if got := parseDirective(text); got.problem == nil {
			t.Errorf("%s is read as %+v, want a problem", text, got)
		}
	}
}

// What is added to a directive must not take a code from Atlas, nor a directive
// that it reads from us.
func TestSuppressionsAreThoseThatAtlasReads(t *testing.T) {
	t.Parallel()
	const extended = ` reason="nobody reads it" until=2027-01-31`
	for name, test := range map[string]struct {
		text       string
		file       bool // Atlas reads it for the file
		statements bool // and for the statement
		line       int
	}{
		"in the header":                  {"-- atlas:nolint DS103" + extended + "\n\nDROP TABLE a;\n", true, false, 1},
		"in the header, behind others":   {"-- atlas:txmode none\n-- atlas:nolint DS103\n\nDROP TABLE a;\n", true, false, 2},
		"above a statement":              {"SELECT 1;\n-- why\n-- atlas:nolint DS103" + extended + "\nDROP TABLE a;\n", false, true, 3},
		"above the first statement":      {"-- atlas:nolint DS103\nDROP TABLE a;\n", false, true, 1},
		"without a space":                {"--atlas:nolint DS103\nDROP TABLE a;\n", false, true, 1},
		"in a C comment":                 {"/*atlas:nolint DS103*/\nDROP TABLE a;\n", false, true, 1},
		"parted by a blank line":         {"SELECT 1;\n-- atlas:nolint DS103\n\nDROP TABLE a;\n", false, false, 0},
		"another directive":              {"-- atlas:nolintx DS103\nDROP TABLE a;\n", false, false, 0},
		"in the middle of a statement":   {"DROP TABLE\n-- atlas:nolint DS103\na;\n", false, false, 0},
		"in a string":                    {"SELECT '\n-- atlas:nolint DS103\n';\n", false, false, 0},
		"behind the statement, for next": {"SELECT 1; -- atlas:nolint DS103\nDROP TABLE a;\n", false, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := migrate.NewLocalFile("1_a.sql", []byte(test.text))
			stmts, err := f.StmtDecls()
			if err != nil {
				t.Fatal(err)
			}
			last := stmts[len(stmts)-1]
			checkAtlas(t, "file", f.Directive("nolint"), test.file)
			checkAtlas(t, "statement", last.Directive("nolint"), test.statements)

			got, err := suppressions(f)
			if err != nil {
				t.Fatal(err)
			}
			if want := test.file || test.statements; len(got) > 1 || want != (len(got) == 1) {
				t.Fatalf("%d suppressions, want one: %t", len(got), want)
			}
			if len(got) == 0 {
				return
			}
			if test.file != (got[0].statement == 0) || got[0].line != test.line || !cmp.Equal(got[0].rules, []string{"DS103"}) || got[0].problem != nil {
				t.Errorf("suppression = %+v, want DS103 in line %d, of the file: %t", got[0], test.line, test.file)
			}
		})
	}
}

// checkAtlas proves that Atlas reads the code as the first word, or nothing.
func checkAtlas(t *testing.T, of string, got []string, want bool) {
	t.Helper()
	read := len(got) == 1 && len(got[0]) >= 5 && got[0][:5] == "DS103"
	if want != read || !want && len(got) > 0 {
		t.Errorf("Atlas reads %q for the %s, want DS103: %t", got, of, want)
	}
}
