package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// annotation is a workflow command as GitHub reads it.
var annotation = regexp.MustCompile(`^::(error|warning|notice) ((?:file=[^,:]+,(?:line=\d+,)?)?title=[^,:]*)::(.*)\n$`)

// wrongAnnotations is what keeps a line from being one annotation; nil when all
// are.
func wrongAnnotations(text string) error {
	shown := map[string]int{}
	for l := range strings.Lines(text) {
		m := annotation.FindStringSubmatch(l)
		if m == nil || active(strings.ReplaceAll(l, "\t", "")) >= 0 {
			return fmt.Errorf("%q isn't an annotation", l)
		}
		if shown[m[1]]++; shown[m[1]] > 10 {
			return fmt.Errorf("there are more than 10 of the level %s", m[1])
		}
	}
	return nil
}

func TestGitHubGetsCommandsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		if err := wrongAnnotations(render(t, report.GitHub, anyReport.Draw(t, "report"))); err != nil {
			t.Fatal(err)
		}
	})
}

func TestGitHubShowsTheWorstAndCountsTheRest(t *testing.T) {
	t.Parallel()
	r := review.Report{Dir: "m"}
	for i := range 14 {
		for _, s := range []hazard.Severity{hazard.Note, hazard.Error, hazard.Warning} {
			r.Findings = append(r.Findings, hazard.Finding{Code: "X", Severity: s, Title: fmt.Sprint(i), File: "f.sql", Line: i + 1})
		}
	}
	r.Findings = append(r.Findings, hazard.Finding{Code: "X", Severity: hazard.Error, Suppressed: "known"})
	got := render(t, report.GitHub, r)
	if err := wrongAnnotations(got); err != nil {
		t.Error(err)
	}
	for _, level := range []string{"error", "warning", "notice"} {
		if n := strings.Count(got, "::"+level+" "); n != 10 {
			t.Errorf("annotations of the level %s = %d, want 10", level, n)
		}
	}
	if want := "::notice title=Migration review::13 findings more: "; !strings.Contains(got, want) {
		t.Errorf("annotations = %s, want the last to begin with %q", got, want)
	}
	if !strings.HasPrefix(got, "::error file=m/f.sql,line=1,title=0 (X)::") {
		t.Errorf("annotations begin with %.80q, want the first error", got)
	}
}
