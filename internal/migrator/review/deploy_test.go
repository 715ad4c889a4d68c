package review

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
)

func TestDeployFindings(t *testing.T) {
	t.Parallel()
	breaks := []compat.Break{{Entity: "Product", Operation: "read", Error: `column "note" does not exist (SQLSTATE 42703)`}}
	for order, want := range map[compat.Order][]hazard.Finding{
		compat.Either:         nil,
		compat.MigrationFirst: nil,
		compat.CodeFirst:      {{Code: "CM432", Severity: hazard.Warning}},
		compat.TwoReleases:    {{Code: "CM431", Severity: hazard.Error}},
		compat.NewBreaks:      {{Code: "CM435", Severity: hazard.Error}},
	} {
		var got []hazard.Finding
		for _, f := range deployFindings("1_a.sql", compat.Verdict{Order: order, Breaks: breaks}) {
			if f.File != "1_a.sql" || f.Reason != `read of Product: column "note" does not exist (SQLSTATE 42703).` {
				t.Errorf("%s: finding = %+v, want the break in it", order, f)
			}
			got = append(got, hazard.Finding{Code: f.Code, Severity: f.Severity})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", order, diff)
		}
	}
}

func TestInterlock(t *testing.T) {
	t.Parallel()
	file := func(name string, order compat.Order) File {
		return File{Name: name, Compat: &compat.Verdict{Order: order}}
	}
	for name, test := range map[string]struct {
		files []File
		want  []string // the files with a finding
	}{
		"the old code breaks on a later file": {
			[]File{file("1", compat.MigrationFirst), {Name: "2"}, file("3", compat.CodeFirst), file("4", compat.CodeFirst)},
			[]string{"3", "4"},
		},
		"the old code breaks on an earlier file": {
			[]File{file("1", compat.CodeFirst), file("2", compat.MigrationFirst)}, []string{"2"},
		},
		"all before the new code": {[]File{file("1", compat.MigrationFirst), file("2", compat.MigrationFirst)}, nil},
		"all after the new code":  {[]File{file("1", compat.CodeFirst), file("2", compat.Either)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkTogether(test.files)
			var got []string
			for _, f := range test.files {
				for _, found := range f.Findings {
					if found.Code != codeDeployBetween || found.Severity != hazard.Error || found.File != f.Name {
						t.Errorf("finding = %+v", found)
					}
					got = append(got, f.Name)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
