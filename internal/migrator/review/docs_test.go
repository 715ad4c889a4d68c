package review

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of codes into docs/migrations.md")

func TestDocsListTheCodes(t *testing.T) {
	t.Parallel()
	const chapter, begin, end = "../../../docs/migrations.md", "<!-- codes -->\n", "<!-- /codes -->"
	text, err := os.ReadFile(chapter)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := bytes.Cut(text, []byte(begin))
	got, after, closed := bytes.Cut(rest, []byte(end))
	if !opened || !closed {
		t.Fatalf("%s has no lines %q and %q", chapter, strings.TrimSpace(begin), end)
	}
	want := codesTable()
	if *update {
		text = fmt.Appendf(nil, "%s%s%s%s%s", before, begin, want, end, after)
		if err := os.WriteFile(chapter, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run: go test ./internal/migrator/review -run Docs -update\n%s", chapter, diff)
	}
}

// codesTable is all rules as Markdown.
func codesTable() string {
	var b strings.Builder
	b.WriteString("| code | name | what happens |\n|---|---|---|\n")
	for _, r := range Rules() {
		code := r.Code
		if r.Docs != "" {
			code = fmt.Sprintf("[%s](%s)", r.Code, r.Docs)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code, r.Slug, r.Title)
	}
	return b.String()
}
