package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// span is a run of backticks, which ends at the next run of the same length.
var span = regexp.MustCompile("`+")

// prose is Markdown without its blocks and spans of code. It fails when a block
// is still open at the end.
func prose(md string) (string, error) {
	var b strings.Builder
	fence := ""
	for l := range strings.Lines(md) {
		ticks := span.FindString(l)
		switch {
		case fence != "":
			if strings.HasPrefix(l, fence) && strings.Trim(l, "` \n") == "" {
				fence = ""
			}
		case len(ticks) >= 3 && strings.HasPrefix(l, ticks) && !strings.Contains(l[len(ticks):], "`"):
			fence = ticks
		default:
			b.WriteString(withoutSpans(l))
		}
	}
	if fence != "" {
		return "", fmt.Errorf("a block of code is never closed")
	}
	return b.String(), nil
}

func withoutSpans(l string) string {
	var b strings.Builder
	for {
		at := span.FindStringIndex(l)
		if at == nil {
			return b.String() + l
		}
		if at[0] > 0 && l[at[0]-1] == '\\' {
			b.WriteString(l[:at[0]+1])
			l = l[at[0]+1:]
			continue
		}
		run := l[at[0]:at[1]]
		rest, end := l[at[1]:], -1
		for _, m := range span.FindAllStringIndex(rest, -1) {
			if m[1]-m[0] == len(run) {
				end = m[1]
				break
			}
		}
		if end < 0 {
			return b.String() + l
		}
		b.WriteString(l[:at[0]])
		l = rest[end:]
	}
}

var (
	// ours are the elements that the comment itself writes.
	ours = regexp.MustCompile(`<!-- commitment migrate review -->|<!-- -->|</?(details|summary|code)>|<span>\$</span>|\]\(<https?://[^<>\s]*>\)`)
	// mention is what GitHub turns into a message to somebody.
	mention = regexp.MustCompile(`@\w|#\d`)
)

// wrongComment is what makes a comment more than it should be; nil for a good
// one.
func wrongComment(md string) error {
	if !strings.HasPrefix(md, report.Marker+"\n") {
		return fmt.Errorf("the comment doesn't begin with its marker")
	}
	if n := utf8.RuneCountInString(md); n > 65536 {
		return fmt.Errorf("the comment has %d characters", n)
	}
	text, err := prose(md)
	if err != nil {
		return err
	}
	if open, closed := strings.Count(text, "<details>"), strings.Count(text, "</details>"); open != closed {
		return fmt.Errorf("%d parts are opened and %d closed", open, closed)
	}
	rest := ours.ReplaceAllString(text, " ")
	if i := strings.Index(rest, "<"); i >= 0 {
		return fmt.Errorf("there is an element that isn't ours: %.60q", rest[i:])
	}
	if found := mention.FindString(text); found != "" {
		return fmt.Errorf("somebody is told: %q", found)
	}
	return nil
}

func TestMarkdownStaysTextWhateverAReportSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		if err := wrongComment(render(t, report.Markdown, anyReport.Draw(t, "report"))); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"products", "`", "```\n<b>", "</details>", "a|b", "@team", "#1", "<!--", "\\`<i>", "$x$", "&lt;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := sample()
		r.Files[1].Name, r.Files[1].Findings[0].Title, r.Files[1].Findings[0].Fix[0].SQL = s, s, s
		r.Files[1].Statements[0].SQL, r.Changes[0].Name, r.After.Tables[0].Columns[1].Name = s, s, s
		if err := wrongComment(render(t, report.Markdown, r)); err != nil {
			t.Error(err)
		}
	})
}

func TestMarkdownHasAsManyCellsInEveryRow(t *testing.T) {
	t.Parallel()
	bar := regexp.MustCompile(`(^|[^\\])\|`)
	want := 0
	for l := range strings.Lines(render(t, report.Markdown, sample())) {
		switch {
		case !strings.HasPrefix(l, "|"):
			want = 0
		case want == 0:
			want = len(bar.FindAllString(l, -1))
		default:
			if got := len(bar.FindAllString(l, -1)); got != want {
				t.Errorf("bars = %d, want %d: %s", got, want, l)
			}
		}
	}
}

// long is a review of so many files, of which not even the first fits a comment.
func long(files int) review.Report {
	r := sample()
	for range 300 {
		r.Files[0].Findings = append(r.Files[0].Findings, r.Files[0].Findings[0])
	}
	f := r.Files[1]
	for i := range files {
		f.Name = fmt.Sprintf("2027010100%04d_more.sql", i)
		f.Findings = append([]hazard.Finding{{Code: "PG999", Severity: hazard.Error, Title: strings.Repeat("größer ", 80), Reason: strings.Repeat("weil ", 200)}}, f.Findings[0])
		r.Files = append(r.Files, f)
		r.Changes = append(r.Changes, catalog.Change{Kind: catalog.KindColumn, Table: "products", Name: fmt.Sprint(i), After: "text"})
	}
	return r
}

func TestMarkdownSaysWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	got := render(t, report.Markdown, long(400))
	if err := wrongComment(got); err != nil {
		t.Error(err)
	}
	if !regexp.MustCompile(`\*\*\d+ parts left out\*\*, because GitHub limits the length of a comment\.`).MatchString(got) {
		t.Errorf("the comment doesn't say that it was cut; its end is %q", got[max(0, len(got)-300):])
	}
	if len(got) < 50_000 {
		t.Errorf("bytes = %d, want at least 50000 of the 65536 used", len(got))
	}
	if whole := render(t, report.Markdown, sample()); strings.Contains(whole, "left out") {
		t.Errorf("the sample fits, and says that it doesn't")
	}
}

func TestMermaidKeepsToItsLanguage(t *testing.T) {
	t.Parallel()
	diagram := regexp.MustCompile("(?s)```mermaid\n(.*?)```\n")
	allowed := regexp.MustCompile(`^(erDiagram|  t\d+\["[^"<>#;%{}\\` + "`" + `]+"\] \{|    [\pL_][\pL0-9_()\[\]-]* [\pL_][\pL0-9_()\[\]-]*( (PK|FK|UK))?( "[^"<>#;%{}\\` + "`" + `]+")?|  \}|  t\d+ \}o--\|\| t\d+ : "[^"<>#;%{}\\` + "`" + `]+")$`)
	rapid.Check(t, func(t *rapid.T) {
		for _, m := range diagram.FindAllStringSubmatch(render(t, report.Markdown, anyReport.Draw(t, "report")), -1) {
			for l := range strings.Lines(m[1]) {
				if !allowed.MatchString(strings.TrimRight(l, "\n")) {
					t.Fatalf("%q isn't a line of a diagram of ours", l)
				}
			}
		}
	})
}
