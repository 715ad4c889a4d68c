package report_test

import (
	"strings"
	"testing"

	"commitment/internal/migration"
	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/compat"
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

func TestTheDeploymentIsInTheOrderOfItsPhases(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Files = []review.File{
		{Name: "1_a.sql", Phase: migration.Expand, Compat: &compat.Verdict{Order: compat.MigrationFirst}},
		{Name: "2_b.sql", Phase: migration.Expand, Compat: &compat.Verdict{Order: compat.Either}},
		{Name: "3_c_contract.sql", Phase: migration.Contract, Compat: &compat.Verdict{Order: compat.Either}},
	}
	got := render(t, terminal(report.TerminalOptions{}), r)
	expand, contract := strings.Index(got, "--phase expand):\n      1_a.sql\n"), strings.Index(got, "--phase contract):\n      3_c_contract.sql\n")
	if expand < 0 || contract < expand {
		t.Errorf("the report says in another order what to apply:\n%s", got[:min(len(got), 800)])
	}
}
