package review

import (
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/review/hazard"
)

var today = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// accepted is what is left of a finding of DS103 in line 2, "" when nothing
// suppresses it, and the codes of the findings about the directives, by severity.
func accepted(t *testing.T, text string, complete bool) (string, []string) {
	t.Helper()
	f := migrate.NewLocalFile("1_a.sql", []byte(text))
	found, err := accept(f, []hazard.Finding{{Code: "DS103", Severity: hazard.Error, File: "1_a.sql", Line: 2, Statement: 1}}, complete, today)
	if err != nil {
		t.Fatal(err)
	}
	var rest []string
	for _, f := range found[1:] {
		rest = append(rest, string(f.Severity)+" "+f.Code)
		if f.File != "1_a.sql" || f.Line == 0 || f.Suppressed != "" {
			t.Errorf("a directive's finding is %+v, want it at its place", f)
		}
	}
	return found[0].Suppressed, rest
}

func TestAccept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		directive string
		reason    string // "" when the finding stays
		findings  []string
	}{
		"the code":                       {`DS103 reason="unread"`, "unread", nil},
		"the analyzer of the code":       {`destructive reason="unread"`, "unread", nil},
		"everything":                     {`reason="unread"`, "unread", nil},
		"on the last day":                {`DS103 reason="unread" until=2026-11-23`, "unread", nil},
		"the day after":                  {`DS103 reason="unread" until=2026-11-22`, "", []string{"error CM423"}},
		"without a reason":               {`DS103`, "no reason given", []string{"note CM424"}},
		"everything, without a reason":   {``, "no reason given", []string{"note CM424"}},
		"another code":                   {`DS102 reason="unread"`, "", []string{"note CM425"}},
		"another analyzer":               {`condrop reason="unread"`, "", []string{"note CM425"}},
		"an unknown code":                {`DS999 reason="unread"`, "", []string{"error CM422"}},
		"an unknown code beside its own": {`DS103 DS999 reason="unread"`, "unread", []string{"error CM422"}},
		"codes with a comma":             {`DS103,DS102 reason="unread"`, "", []string{"error CM422"}},
		"a day that is none":             {`DS103 until=2026-13-01`, "", []string{"error CM421"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reason, findings := accepted(t, "-- atlas:nolint "+test.directive+"\nDROP TABLE a;\n", true)
			if reason != test.reason {
				t.Errorf("suppressed = %q, want %q", reason, test.reason)
			}
			if diff := cmp.Diff(test.findings, findings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAcceptGoesByPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"the file's header":     {"-- atlas:nolint DS103 reason=x\n\nDROP TABLE a;\n", "x"},
		"another statement's":   {"SELECT 1;\nSELECT 2;\n-- atlas:nolint DS103 reason=x\nDROP TABLE a;\n", ""},
		"a statement's twice":   {"-- atlas:nolint DS103 reason=x\nDROP TABLE a;\n-- atlas:nolint DS103 reason=y\nSELECT 1;\n", "x"},
		"one on the same line":  {"SELECT 1;\n-- atlas:nolint DS103 reason=x\nSELECT 2; DROP TABLE a;\n", ""},
		"the file's as a whole": {"-- atlas:nolint reason=x\n\nDROP TABLE a;\n", "x"},
	} {
		if got, _ := accepted(t, test.text, true); got != test.want {
			t.Errorf("%s: suppressed = %q, want %q", name, got, test.want)
		}
	}
}

func TestAcceptDoesNotCallADirectiveUselessInAFileThatFailed(t *testing.T) {
	t.Parallel()
	if _, findings := accepted(t, "-- atlas:nolint DS102 reason=x\nDROP TABLE a;\n", false); len(findings) != 0 {
		t.Errorf("findings = %q, want none", findings)
	}
}

func TestAcceptNeverSuppressesAFailure(t *testing.T) {
	t.Parallel()
	f := migrate.NewLocalFile("1_a.sql", []byte("-- atlas:nolint reason=x\n\nDROP TABLE a;\n"))
	found, err := accept(f, []hazard.Finding{{Code: codeFails, Severity: hazard.Error, Line: 3}}, false, today)
	if err != nil || found[0].Suppressed != "" {
		t.Errorf("findings = %+v, %v, want a failure that counts", found, err)
	}
}
