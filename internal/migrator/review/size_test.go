package review

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/stats"
	"commitment/internal/migrator/review/trace"
)

var (
	before = catalog.Schema{Tables: []catalog.Table{{Name: "products", OID: 1}, {Name: "entries", OID: 2}, {Name: "unsized", OID: 3}}}
	// indexed is before, with an index on each table.
	indexed = catalog.Schema{Tables: []catalog.Table{
		{Name: "products", Indexes: []catalog.Index{{Name: "i", OID: 7}}},
		{Name: "entries", Indexes: []catalog.Index{{Name: "j", OID: 8}}},
	}}
	production = &stats.Snapshot{Tables: []stats.Table{
		{Name: "products", Rows: 1000, Bytes: 100_000, IndexBytes: 50_000},
		{Name: "entries", Rows: 100_000_000, Bytes: 20 << 30, IndexBytes: 20 << 30, WritesPerSecond: 1200},
	}}
)

// stmt is a file of one statement, which leaves the schema as it was unless it
// says otherwise.
func stmt(s trace.Statement) []trace.Statement {
	s.Line, s.Before = 1, before
	if s.After.Tables == nil {
		s.After = before
	}
	return []trace.Statement{s}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code, table string
		stmts       []trace.Statement
		want        hazard.Severity
		estimate    string
	}{
		"sizes the rewrite of a large table": {
			"PG301", "entries", stmt(trace.Statement{Rewrites: []string{"entries", "entries_pkey"}, Scans: []string{"entries"}}),
			hazard.Error, "about 17 min, 43 GB, 1200 rows written per second",
		},
		"sizes a scan": {
			"PG303", "entries", stmt(trace.Statement{Scans: []string{"entries"}}),
			hazard.Error, "about 2 min, 21 GB, 1200 rows written per second",
		},
		"sizes an update": {
			"CM181", "entries", stmt(trace.Statement{Scans: []string{"entries"}, Writes: []trace.Write{{Table: 2}}}),
			hazard.Error, "about 2 h, 43 GB, 1200 rows written per second",
		},
		"sizes the build of an index": {
			"PG101", "entries", stmt(trace.Statement{Scans: []string{"entries"}, After: indexed}),
			hazard.Error, "about 8 min, 21 GB, 1200 rows written per second",
		},
		"counts a small table one severity less": {
			"PG101", "products", stmt(trace.Statement{Scans: []string{"products"}, After: indexed}),
			hazard.Warning, "less than a second, 100 kB",
		},
		"counts what is lost in full, however small": {
			"DS103", "products", stmt(trace.Statement{Rewrites: []string{"products"}}),
			hazard.Error, "less than a second, 150 kB",
		},
		"counts an emptied table in full, however small": {
			"CM164", "products", stmt(trace.Statement{Rewrites: []string{"products"}}),
			hazard.Error, "less than a second, 150 kB",
		},
		"sums tables": {
			"PG306", "products", stmt(trace.Statement{Scans: []string{"products", "entries"}}),
			hazard.Error, "about 2 min, 21 GB",
		},
		"says nothing of a table that production doesn't have": {
			"PG101", "unsized", stmt(trace.Statement{Scans: []string{"unsized"}}), hazard.Error, "",
		},
		"says nothing of a table that is new": {
			"PG101", "fresh", stmt(trace.Statement{Scans: []string{"fresh"}}), hazard.Error, "",
		},
		"says nothing of what takes no time": {
			"PG102", "entries", stmt(trace.Statement{}), hazard.Error, "",
		},
		"sizes what the lock is kept for": {
			"CM170", "products", append(
				stmt(trace.Statement{Transaction: true}),
				trace.Statement{Line: 2, Transaction: true, Before: before, After: before, Scans: []string{"entries"}},
			),
			hazard.Error, "about 2 min, 21 GB",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := []hazard.Finding{
				{Code: test.code, Timed: timed(test.code), Severity: hazard.Error, Evidence: hazard.Measured, Line: 1, Statement: 1, Table: test.table, Lock: "SHARE on " + test.table},
				{Code: test.code, Timed: timed(test.code), Severity: hazard.Error, Evidence: hazard.Measured, Line: 1, Statement: 1, Table: test.table},
			}
			unlocked := findings[1]
			size(findings, test.stmts, production)
			if findings[0].Severity != test.want || findings[0].Estimate != test.estimate {
				t.Errorf("%s, %q, want %s, %q", findings[0].Severity, findings[0].Estimate, test.want, test.estimate)
			}
			if diff := cmp.Diff(unlocked, findings[1]); diff != "" {
				t.Errorf("a finding without a lock was sized (-want +got):\n%s", diff)
			}
		})
	}
}

// timed is what the rule of a code says.
func timed(code string) bool {
	return slices.ContainsFunc(Rules(), func(r hazard.Rule) bool { return r.Code == code && r.Timed })
}
