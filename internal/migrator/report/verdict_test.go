package report_test

import (
	"strings"
	"testing"

	"commitment/internal/migrator/report"
)

func TestTheCommandThatFixesSelectsTheSameFiles(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"main":             "migrate review --fix\n",
		"origin/main":      "migrate review --base origin/main --fix\n",
		"all files":        "migrate review --all --fix\n",
		"the last file":    "migrate review --last 1 --fix\n",
		"the last 2 files": "migrate review --last 2 --fix\n",
		"a;rm":             "migrate review --base REF --fix\n",
	} {
		r := sample()
		r.Base = base
		if got := render(t, terminal(report.TerminalOptions{}), r); !strings.Contains(got, want) {
			t.Errorf("the report on %s doesn't say %q:\n%s", base, want, got[:min(len(got), 500)])
		}
	}
}
