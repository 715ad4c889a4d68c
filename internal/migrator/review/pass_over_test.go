package review_test

import (
	"strings"
	"testing"

	"commitment/internal/migrator/migratortest"
)

func TestRunTriesTheOrderOfTheTwoPhases(t *testing.T) {
	t.Parallel()
	const drop = "-- atlas:nolint DS103 reason=\"nobody reads it\"\nALTER TABLE products DROP COLUMN note;\n"
	tests := []struct {
		name         string
		onMain       bool // the file that contracts is part of the base
		next         string
		want, reason string // the finding; empty for none
	}{
		{"a file that needs nothing of it", false, "ALTER TABLE products ADD COLUMN owner bigint;\n", "", ""},
		{"a file that fails before it", false, "ALTER TABLE products ADD COLUMN note bigint;\n", "error CM436 20260302000000_next.sql:1", "already exists"},
		{"a file that fails before one of the base", true, "ALTER TABLE products ADD COLUMN note bigint;\n", "error CM436 20260302000000_next.sql:1", "already exists"},
		{"a file that makes something else before it", false, "ALTER TABLE products ADD COLUMN IF NOT EXISTS note text;\n", "error CM436 20260302000000_next.sql:0", "the schema is another"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			contract := func() { p.add("20260301000000_note_contract.sql", drop) }
			if tt.onMain {
				p.onMain(contract)
				migratortest.Git(p.t, p.root, "merge", "--quiet", "main")
			} else {
				contract()
			}
			p.add("20260302000000_next.sql", tt.next)
			r := p.review()
			got := strings.Join(errorsOf(r), "; ")
			if got != tt.want {
				t.Errorf("findings = %q, want %q", got, tt.want)
			}
			for _, f := range r.All() {
				if f.Code == "CM436" && !strings.Contains(f.Reason, tt.reason) {
					t.Errorf("reason = %q, want %q in it", f.Reason, tt.reason)
				}
			}
		})
	}
}
