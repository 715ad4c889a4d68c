package review

import (
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
)

func TestDeployFindings(t *testing.T) {
	t.Parallel()
	breaks := []compat.Break{{Entity: "Product", Operation: "read", Error: `column "note" does not exist (SQLSTATE 42703)`}}
	const expand, contract = "1_a.sql", "1_a_contract.sql"
	for _, tt := range []struct {
		file  string
		order compat.Order
		want  string // the code; empty for no finding
	}{
		{expand, compat.Either, ""},
		{expand, compat.MigrationFirst, ""},
		{expand, compat.CodeFirst, "CM432"},
		{expand, compat.TwoReleases, "CM431"},
		{contract, compat.Either, ""},
		{contract, compat.MigrationFirst, "CM433"},
		{contract, compat.CodeFirst, ""},
		{contract, compat.TwoReleases, "CM431"},
		{expand, compat.NewBreaks, "CM435"},
		{contract, compat.NewBreaks, "CM435"},
	} {
		var got string
		for _, f := range deployFindings(migrate.NewLocalFile(tt.file, nil), compat.Verdict{Order: tt.order, Breaks: breaks}) {
			if f.File != tt.file || f.Severity != hazard.Error || f.Reason != `read of Product: column "note" does not exist (SQLSTATE 42703).` {
				t.Errorf("%s, %s: finding = %+v, want an error with the break in it", tt.file, tt.order, f)
			}
			got += f.Code
		}
		if got != tt.want {
			t.Errorf("%s, %s: findings = %q, want %q", tt.file, tt.order, got, tt.want)
		}
	}
}
