package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

func TestAStatementHasOneCardWithOneFix(t *testing.T) {
	t.Parallel()
	r := sample()
	f := &r.Files[1]
	twin := f.Findings[0]
	twin.Code, twin.Title = "PG999", "the same fix"
	f.Findings = append(f.Findings, twin)
	for name, want := range map[string]int{"terminal.txt": 1, "comment.md": 1, "page.html": 1, "github.txt": 1} {
		got := render(t, carriers[name], r)
		fix := strings.Count(got, "VALIDATE CONSTRAINT")
		if fix != want {
			t.Errorf("%s shows the fix %d times, want %d", name, fix, want)
		}
		if !strings.Contains(got, "PG999") {
			t.Errorf("%s doesn't show the second finding", name)
		}
	}
}

func TestAFixThatOnlyMovesTheStatementIsNotShown(t *testing.T) {
	t.Parallel()
	r := sample()
	f := &r.Files[1]
	f.Findings = f.Findings[1:2] // CM170
	const moves = "--fix moves the statement to a file of its own."
	for _, name := range []string{"terminal.txt", "comment.md", "page.html"} {
		if got := render(t, carriers[name], r); !strings.Contains(got, moves) {
			t.Errorf("%s doesn't say %q", name, moves)
		}
	}
	if got := render(t, report.GitHub, r); strings.Contains(got, "ADD CONSTRAINT") {
		t.Errorf("the annotation offers the statement unchanged:\n%s", got)
	}
}

func TestFindingsLinkToTheirLines(t *testing.T) {
	t.Parallel()
	const line = "https://github.com/acme/app/blob/3f2a/ent/migrate/migrations/20261201000000_product_name.sql#L2"
	if got := render(t, report.Markdown, sample()); !strings.Contains(got, "[`20261201000000_product_name.sql:2`](<"+line+">)") {
		t.Errorf("the comment has no link to %s", line)
	}
	if got := render(t, report.HTML, sample()); !strings.Contains(got, `<a href="`+line+`" rel="noreferrer"><code>20261201000000_product_name.sql:2</code></a>`) {
		t.Errorf("the page has no link to %s", line)
	}
}

// folded are the details of a comment, without their summaries.
var folded = regexp.MustCompile("(?s)</summary>.*?</details>")

// TestACommentOnTenFilesFitsAPage counts the lines that are seen before anything is
// unfolded.
func TestACommentOnTenFilesFitsAPage(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Files = nil
	for i := range 10 {
		f := sampleOwner()
		f.Name = fmt.Sprintf("2026120%d000000_product.sql", i)
		for line := range 9 {
			found := f.Findings[line%2]
			found.File, found.Line = f.Name, line+1
			f.Findings = append(f.Findings, found)
		}
		r.Files = append(r.Files, f)
	}
	lines := 0
	for l := range strings.Lines(folded.ReplaceAllString(render(t, report.Markdown, r), "")) {
		if strings.TrimSpace(l) != "" {
			lines++
		}
	}
	if lines > 60 {
		t.Errorf("lines = %d, want at most 60", lines)
	}
}

func TestTheWorstStatementComesFirst(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Files = []review.File{sampleOwner()}
	r.Files[0].Findings = append([]hazard.Finding{{Code: "CM001", Severity: hazard.Note, Title: "a note", File: ownerFile, Line: 3}}, r.Files[0].Findings...)
	got := render(t, carriers["terminal.txt"], r)
	if note, err := strings.Index(got, "a note"), strings.Index(got, "CM170"); err < 0 || note < err {
		t.Errorf("the note comes before the error:\n%s", got)
	}
}
