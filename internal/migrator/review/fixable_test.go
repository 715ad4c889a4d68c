package review_test

import (
	"slices"
	"testing"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// A report shows a fix only where Fix writes it.
func TestFixWritesEveryFixOfAReport(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text    string
		fixable []string // codes
		left    []string // errors after the fix
	}{
		"a statement that can't be in the file's transaction": {
			"ALTER TABLE products ADD COLUMN a int;\nCREATE INDEX CONCURRENTLY i ON products (a);\nALTER TABLE products ADD COLUMN b int;\n",
			[]string{"PG103"}, nil,
		},
		"a check behind another statement on its line": {
			"ALTER TABLE products ADD CONSTRAINT c CHECK (id > 0) NOT VALID; ALTER TABLE products VALIDATE CONSTRAINT c;\n",
			[]string{"CM141"}, nil,
		},
		"a statement before one that fails": {
			"CREATE INDEX i ON products (name);\nSELECT * FROM missing;\n",
			nil, []string{"error CM411 20260201000000_b.sql:2"},
		},
		"a file with its own transaction": {
			"BEGIN;\nCREATE INDEX i ON products (name);\nCOMMIT;\n",
			nil, []string{"error CM202 20260201000000_b.sql:1", "error CM202 20260201000000_b.sql:3"},
		},
		"a statement under a role and another under a lock": {
			"SET lock_timeout = '3s';\nCREATE INDEX i ON products (name);\nSET ROLE pg_database_owner;\nRESET ROLE;\nCREATE INDEX j ON products (name);\nLOCK TABLE products;\nCREATE INDEX k ON products (name);\n",
			[]string{"PG101"}, []string{"error CM173 20260201000002_b.sql:4", "error CM170 20260201000002_b.sql:5"},
		},
		"statements between which a key would be missing": {
			"ALTER TABLE products DROP CONSTRAINT products_pkey;\nALTER TABLE products ADD PRIMARY KEY (id, name);\n",
			nil, []string{"error PG104 20260201000000_b.sql:2"},
		},
		"a file with another delimiter": {
			"-- atlas:delimiter \\n\\n\n\nCREATE INDEX i ON products (name)\n",
			nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.add("20260201000000_b.sql", test.text)
			r := p.review()
			if got := fixable(r); !slices.Equal(got, test.fixable) {
				t.Errorf("fixable = %q, want %q", got, test.fixable)
			}
			written, err := review.Fix(r, p.dir)
			if err != nil || (len(written) > 0) != (len(test.fixable) > 0) {
				t.Errorf("written = %q, %v, for %q", written, err, test.fixable)
			}
			if got := errorsOf(p.review()); !slices.Equal(got, test.left) {
				t.Errorf("errors after the fix = %q, want %q", got, test.left)
			}
		})
	}
}

// fixable are the codes of the findings with a fix.
func fixable(r review.Report) []string {
	fixed := slices.DeleteFunc(r.All(), func(f hazard.Finding) bool { return len(f.Fix) == 0 })
	var codes []string
	for _, f := range fixed {
		codes = append(codes, f.Code)
	}
	return codes
}
