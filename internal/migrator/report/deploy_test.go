package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestWhatBreaksAlikeIsSaidOnce(t *testing.T) {
	t.Parallel()
	var all []compat.Break
	for _, operation := range []string{"read", "insert"} {
		for _, release := range []string{"old", "new"} {
			all = append(all, compat.Break{Release: release, Schema: "after", Entity: "Product", Operation: operation, SQL: operation, Error: "no note"})
		}
	}
	all = append(all, compat.Break{Release: "new", Schema: "after", Entity: "Owner", Operation: "read", SQL: "read", Error: "no note"})
	var got []string
	for _, b := range shownDeploy(&compat.Verdict{Order: compat.TwoReleases, Breaks: all}, migration.Expand).Breaks() {
		got = append(got, b.What+": "+b.Error+": "+b.SQL)
	}
	want := []string{
		"old code after the file and new code after the file: read and insert Product: no note: read",
		"new code after the file: read Owner: no note: read",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("breaks (-want +got):\n%s", diff)
	}
}
