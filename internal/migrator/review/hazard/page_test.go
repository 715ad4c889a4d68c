package hazard_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

var update = flag.Bool("update", false, "write the measured examples into docs/codes")

// checkPage compares the example on a rule's page with what was measured, or writes it.
func checkPage(t *testing.T, code string, c testCase, stmts []trace.Statement, found []hazard.Finding) {
	t.Helper()
	const begin, end = "<!-- measured -->\n", "<!-- /measured -->"
	name := "../../../../docs/codes/" + code + ".md"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := bytes.Cut(text, []byte(begin))
	shown, after, closed := bytes.Cut(rest, []byte(end))
	if !opened || !closed {
		t.Fatalf("%s has no lines %q and %q", name, strings.TrimSpace(begin), end)
	}
	i := slices.IndexFunc(found, func(f hazard.Finding) bool { return f.Code == code })
	if i < 0 {
		t.Fatalf("%s isn't found", code)
	}
	want := example(t, c, stmts[len(stmts)-1], found[i])
	if *update {
		if err := os.WriteFile(name, slices.Concat(before, []byte(begin), []byte(want), []byte(end), after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(shown), want); diff != "" {
		t.Errorf("%s differs (-shown +measured); run: go test ./internal/migrator/review/hazard -run TestRules -update\n%s", name, diff)
	}
}

// example is a case as Markdown: the file, what its last statement did, the finding, and
// the safe form.
func example(t *testing.T, c testCase, stmt trace.Statement, f hazard.Finding) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("## Example\n\n")
	if c.before != "" {
		before := strings.ReplaceAll(strings.TrimSuffix(strings.TrimSpace(c.before), ";"), "; ", ";\n")
		fmt.Fprintf(&b, "After\n\n```sql\n%s;\n```\n\nthe migration\n\n", before)
	}
	fmt.Fprintf(&b, "```sql\n%s;\n```\n\n", c.sql)
	several := strings.Contains(strings.TrimPrefix(c.sql, none), ";")
	b.WriteString(effects(stmt, several) + "\n\n")
	fmt.Fprintf(&b, "The review reports (%s, %s):\n\n> **%s.** %s\n>\n> %s\n", f.Severity, f.Evidence, f.Title, f.Reason, f.Advice)
	if len(f.Fix) == 0 {
		return b.String() + "\n"
	}
	b.WriteString("\n## Safe form\n\n`migrate review --fix` ")
	if f.OnlyMoves(stmt.SQL) {
		return b.String() + "moves the statement, unchanged, to a file of its own.\n\n"
	}
	if several && len(f.Fix) == 1 {
		b.WriteString("moves the statement to a file of its own")
	} else {
		b.WriteString("writes")
	}
	files, err := plan.Files("20260101000000", "example", f.Fix)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) > 1 {
		fmt.Fprintf(&b, " %d files", len(files))
	}
	b.WriteString(":\n")
	for _, file := range files {
		fmt.Fprintf(&b, "\n```sql\n%s```\n", file.Bytes())
	}
	return b.String() + "\n"
}

// effects says in a sentence what PostgreSQL did for a statement.
func effects(s trace.Statement, several bool) string {
	subject := "PostgreSQL"
	if several {
		subject = "For the last statement, PostgreSQL"
	}
	if refused, ok := errors.AsType[*pgconn.PgError](s.Err); ok {
		return fmt.Sprintf("%s reports `%s: %s` (SQLSTATE %s).", subject, refused.Severity, refused.Message, refused.Code)
	}
	var parts []string
	for _, l := range s.Locks {
		blocks := "blocks neither reads nor writes"
		switch {
		case l.Index || l.New:
			continue
		case l.BlocksReads():
			blocks = "blocks reads and writes"
		case l.BlocksWrites():
			blocks = "blocks writes"
		}
		lock := "takes `" + l.Mode + "` on "
		which := ", which " + blocks
		if n := len(parts); n > 0 && strings.HasPrefix(parts[n-1], lock) {
			parts[n-1] = strings.TrimSuffix(parts[n-1], which) + ", `" + l.Relation + "`" + which
			continue
		}
		parts = append(parts, lock+"`"+l.Relation+"`"+which)
	}
	if len(s.Rewrites) > 0 {
		parts = append(parts, "rewrites `"+strings.Join(s.Rewrites, "`, `")+"`")
	}
	if len(s.Scans) > 0 {
		parts = append(parts, "scans `"+strings.Join(s.Scans, "`, `")+"`")
	}
	if len(parts) == 0 {
		parts = []string{"takes no lock that others wait for"}
	}
	last := parts[len(parts)-1]
	if parts = parts[:len(parts)-1]; len(parts) > 0 {
		last = strings.Join(parts, "; ") + "; and " + last
	}
	return subject + " " + last + "."
}
