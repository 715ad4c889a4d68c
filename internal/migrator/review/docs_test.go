package review

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/review/hazard"
)

var update = flag.Bool("update", false, "write the table of codes into docs/codes/index.md")

const pages = "../../../docs/codes"

func TestEveryCodeHasAPage(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", r.Page()))
		if err != nil {
			t.Errorf("%s has no page: %v", r.Code, err)
			continue
		}
		title := strings.ToUpper(r.Title[:1]) + r.Title[1:]
		if want := fmt.Sprintf("# %s %s\n\n%s.\n\n", r.Code, r.Slug, title); !strings.HasPrefix(string(text), want) {
			t.Errorf("%s begins otherwise than with %q", r.Page(), want)
		}
		if !strings.Contains(string(text), "\n## Example\n") && !strings.Contains(string(text), "\n## What to do\n") {
			t.Errorf("%s has neither an example nor what to do", r.Page())
		}
		if !strings.Contains(string(text), "\n## When to accept it\n") {
			t.Errorf("%s doesn't say when to accept it", r.Page())
		}
		if r.Manual != "" && !strings.HasSuffix(string(text), "\nSee [PostgreSQL's manual]("+r.Manual+").\n") {
			t.Errorf("%s doesn't end with a link to %s", r.Page(), r.Manual)
		}
	}
}

func TestEveryPageIsOfACode(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob(filepath.Join(pages, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range found {
		name := filepath.Base(page)
		if name != "index.md" && !slices.ContainsFunc(Rules(), func(r hazard.Rule) bool { return r.Code+".md" == name }) {
			t.Errorf("%s is about no code", page)
		}
	}
}

func TestDocsListTheCodes(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- codes -->\n", "<!-- /codes -->"
	index := filepath.Join(pages, "index.md")
	text, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := bytes.Cut(text, []byte(begin))
	got, after, closed := bytes.Cut(rest, []byte(end))
	if !opened || !closed {
		t.Fatalf("%s has no lines %q and %q", index, strings.TrimSpace(begin), end)
	}
	want := codesTable()
	if *update {
		text = fmt.Appendf(nil, "%s%s%s%s%s", before, begin, want, end, after)
		if err := os.WriteFile(index, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run: go test ./internal/migrator/review -run Docs -update\n%s", index, diff)
	}
}

// codesTable is all rules as Markdown.
func codesTable() string {
	var b strings.Builder
	b.WriteString("| code | name | what happens |\n|---|---|---|\n")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s |\n", r.Code, r.Code, r.Slug, r.Title)
	}
	return b.String()
}
