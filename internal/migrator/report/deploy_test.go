package report

import (
	"strings"
	"testing"

	"commitment/internal/migration"
	"commitment/internal/migrator/review/compat"
)

func TestShownDeployNamesThePhaseOfAContract(t *testing.T) {
	t.Parallel()
	const command = "migrate apply --phase contract"
	for _, v := range []*compat.Verdict{nil, {Order: compat.CodeFirst}} {
		if d := shownDeploy(v, migration.Contract); !strings.Contains(d.Text, command) {
			t.Errorf("text = %q, want %q in it", d.Text, command)
		}
		if d := shownDeploy(v, migration.Expand); strings.Contains(d.Text, command) {
			t.Errorf("text = %q, want no %q in it", d.Text, command)
		}
	}
}
