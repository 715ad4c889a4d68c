package hazard_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// base are the tables that every case starts with.
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

// partitioned is a table with two partitions, and one that may become the third.
const partitioned = `
CREATE TABLE log (day date NOT NULL, n int) PARTITION BY RANGE (day);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE log_3 (day date NOT NULL, n int);
`

// testCase is a file, what its last statement does, and what is found in the file.
type testCase struct {
	before string // SQL that ran earlier
	sql    string // the file; one that begins with none has no transaction
	does   string // "t SHARE; rewrites t; scans t"
	want   string // codes, each with the first letter of its severity, as in "PG101:w"
	since  int    // the first major version that has the syntax
	until  int    // the last one that does the same
}

const none = "-- atlas:txmode none\n\n"

// cases are those of each rule. The first of a rule is the example on its page.
var cases = map[string][]testCase{
	"BC101": bc101,
	"BC102": bc102,
	"CD101": cd101,
	"DS101": ds101,
	"DS102": ds102,
	"DS103": ds103,
	"MF101": mf101,
	"MF103": mf103,
	"MF104": mf104,
	"PG101": pg101,
	"PG102": pg102,
	"PG103": pg103,
	"PG104": pg104,
	"PG105": pg105,
	"PG301": pg301,
	"PG302": pg302,
	"PG303": pg303,
	"PG304": pg304,
	"PG305": pg305,
	"PG306": pg306,
	"CM101": cm101,
	"CM102": cm102,
	"CM103": cm103,
	"CM104": cm104,
	"CM105": cm105,
	"CM106": cm106,
	"CM107": cm107,
	"CM121": cm121,
	"CM122": cm122,
	"CM123": cm123,
	"CM124": cm124,
	"CM125": cm125,
	"CM126": cm126,
	"CM127": cm127,
	"CM128": cm128,
	"CM129": cm129,
	"CM130": cm130,
	"CM131": cm131,
	"CM132": cm132,
	"CM133": cm133,
	"CM141": cm141,
	"CM142": cm142,
	"CM143": cm143,
	"CM144": cm144,
	"CM145": cm145,
	"CM146": cm146,
	"CM151": cm151,
	"CM160": cm160,
	"CM161": cm161,
	"CM162": cm162,
	"CM163": cm163,
	"CM164": cm164,
	"CM165": cm165,
	"CM166": cm166,
	"CM167": cm167,
	"CM168": cm168,
	"CM169": cm169,
	"CM170": cm170,
	"CM171": cm171,
	"CM172": cm172,
	"CM173": cm173,
	"CM181": cm181,
	"CM182": cm182,
	"CM183": cm183,
	"CM191": cm191,
	"CM192": cm192,
	"CM193": cm193,
	"CM194": cm194,
	"CM195": cm195,
	"CM196": cm196,
	"CM197": cm197,
	"CM198": cm198,
	"CM201": cm201,
	"CM202": cm202,
	"CM211": cm211,
	"CM212": cm212,
	"CM221": cm221,
	"CM222": cm222,
	"CM223": cm223,
	"CM224": cm224,
	"CM225": cm225,
	"CM226": cm226,
	"CM227": cm227,
	"CM228": cm228,
}

// TestRules measures what each statement does on a server, and what is found in it. What
// a safe form makes is the same schema, without the finding.
func TestRules(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, s server) {
		t.Helper()
		for code, all := range cases {
			for i, c := range all {
				t.Run(code+" "+c.title(), func(t *testing.T) {
					t.Parallel()
					if !c.appliesTo(s.version) {
						t.Skip("the syntax or the effect is another version's")
					}
					db := s.database(t, c.before)
					file := migrate.NewLocalFile("1_a.sql", []byte(c.sql+";\n"))
					stmts := run(t, db, []migrate.File{file})[0]
					filled := s.filled(t, c.before, stmts[0].Before)
					runOnRows(t, filled, file, stmts)
					if last := stmts[len(stmts)-1]; last.Err == nil {
						if diff := cmp.Diff(schema(t, db), last.After); diff != "" {
							t.Errorf("schema of the database (-) and of the last statement (+):\n%s", diff)
						}
					}
					if got := does(stmts[len(stmts)-1]); got != c.does {
						t.Errorf("it does %q, want %q", got, c.does)
					}
					found := hazard.Find(stmts)
					if got := codesOf(found); got != c.want {
						t.Errorf("codes = %q, want %q", got, c.want)
					}
					checkFixes(t, s, c.before, file, stmts, found)
					if i == 0 && s.main {
						checkPage(t, code, c, stmts, found)
					}
				})
			}
		}
	})
}

// TestIndexShowsTheTables compares the tables of the examples with those on the index of
// the pages.
func TestIndexShowsTheTables(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../docs/codes/index.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "```sql"+base+"```\n") {
		t.Errorf("docs/codes/index.md doesn't show the tables, want%s", base)
	}
}

// TestRulesHaveCases finds a rule without a file, without cases or without a case that
// has nothing to find.
func TestRulesHaveCases(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, r := range hazard.Rules() {
		if slices.Contains(codes, r.Code) {
			t.Errorf("%s is there twice", r.Code)
		}
		codes = append(codes, r.Code)
		name := strings.ToLower(r.Code) + "_" + strings.ReplaceAll(r.Slug, "-", "_")
		for _, file := range []string{name + ".go", name + "_test.go"} {
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", r.Code, err)
			}
		}
		if r.Title == "" || !strings.HasPrefix(r.Manual, "https://www.postgresql.org/docs/") {
			t.Errorf("%s has the title %q and the manual's page %q, want both", r.Code, r.Title, r.Manual)
		}
		finds := func(c testCase) bool { return strings.Contains(c.want, r.Code+":") }
		all := cases[r.Code]
		if len(all) == 0 || !finds(all[0]) || !slices.ContainsFunc(all, func(c testCase) bool { return !finds(c) }) {
			t.Errorf("%s has no cases, want a first one that it finds something in, and one in which it doesn't", r.Code)
		}
	}
	for code, all := range cases {
		for _, c := range all {
			for want := range strings.FieldsSeq(c.want) {
				if want, _, _ = strings.Cut(want, ":"); !slices.Contains(codes, want) || !slices.Contains(codes, code) {
					t.Errorf("there is no rule %s or %s", want, code)
				}
			}
		}
	}
}

func (c testCase) title() string {
	return strings.ReplaceAll(strings.TrimPrefix(c.sql, none), "/", "÷")
}

func (c testCase) appliesTo(version string) bool {
	var major int
	if _, err := fmt.Sscanf(version, "%d", &major); err != nil {
		return true
	}
	return major >= c.since && (c.until == 0 || major <= c.until)
}

// does describes a statement by what others notice of it.
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
