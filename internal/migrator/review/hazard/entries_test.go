package hazard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// base is what every case of the catalog finds.
const base = `
CREATE TABLE p (id bigint PRIMARY KEY, code text NOT NULL);
CREATE TABLE t (
	id bigint PRIMARY KEY,
	n int NOT NULL,
	m int,
	name varchar(50),
	note text,
	at timestamptz NOT NULL DEFAULT now(),
	data jsonb,
	p_id bigint
);
CREATE INDEX t_n ON t (n);
CREATE INDEX t_name ON t (name);
CREATE INDEX t_p_id ON t (p_id);
CREATE TABLE u (id bigint PRIMARY KEY, t_id bigint CONSTRAINT u_t_id REFERENCES t);
CREATE INDEX u_t_id ON u (t_id);
CREATE TABLE bare (id bigint, k int NOT NULL);
CREATE TYPE mood AS ENUM ('glad', 'sad');
`

// entry is a row of the catalog: files, what the last statement does, and what
// there is to say of the files.
type entry struct {
	setup string
	sql   string // a file; one that begins with the directive has no transaction
	does  string // "t SHARE; rewrites t; scans t", of the last statement
	codes string // with the first letter of the severity, as in "PG101:w"
	since int    // the first major version that has the syntax
	until int    // the last one that does the same
}

var entries = slices.Concat(
	indexEntries, addedEntries, changedEntries, constraintEntries, severalEntries, tableEntries,
	partitionEntries, objectEntries, rowEntries, transactionEntries, typeEntries, blockEntries, harmlessEntries,
)

const none = "-- atlas:txmode none\n\n"

// The entries are what each statement does on a server and what is said of it. What
// a fix writes does the same as what it takes the place of, and isn't found again.
func TestEntries(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s server) {
		t.Helper()
		for _, e := range entries {
			t.Run(title(e), func(t *testing.T) {
				t.Parallel()
				if !e.appliesTo(s.version) {
					t.Skip("the syntax or the effect is another version's")
				}
				stmts := run(t, s.database(t, e.setup), []migrate.File{migrate.NewLocalFile("1_a.sql", []byte(e.sql+";\n"))})[0]
				if got := does(stmts[len(stmts)-1]); got != e.does {
					t.Errorf("it does %q, want %q", got, e.does)
				}
				found := hazard.Find(stmts)
				if got := codesOf(found); got != e.codes {
					t.Errorf("codes = %q, want %q", got, e.codes)
				}
				checkFixes(t, s, e.setup, stmts, found)
			})
		}
	})
}

func title(e entry) string { return strings.ReplaceAll(strings.TrimPrefix(e.sql, none), "/", "÷") }

func (e entry) appliesTo(version string) bool {
	var major int
	if _, err := fmt.Sscanf(version, "%d", &major); err != nil {
		return true
	}
	return major >= e.since && (e.until == 0 || major <= e.until)
}

// does is what a statement does to what others can see.
func does(s trace.Statement) string {
	if s.Err != nil {
		return "fails"
	}
	var parts, locks []string
	for _, l := range s.Locks {
		if !l.Index && !l.New {
			locks = append(locks, l.Relation+" "+l.Mode)
		}
	}
	if len(locks) > 0 {
		parts = append(parts, strings.Join(locks, ", "))
	}
	if len(s.Rewrites) > 0 {
		parts = append(parts, "rewrites "+strings.Join(s.Rewrites, " "))
	}
	if len(s.Scans) > 0 {
		parts = append(parts, "scans "+strings.Join(s.Scans, " "))
	}
	return strings.Join(parts, "; ")
}

func codesOf(findings []hazard.Finding) string {
	var all []string
	for _, f := range findings {
		all = append(all, f.Code+":"+string(f.Severity[0]))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}
