package hazard

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		"":                               nil,
		"SELECT 1;":                      {"SELECT", "1", ";"},
		"DROP /* a /* b */ c */ TABLE t": {"DROP", "TABLE", "t"},
		"SELECT 1 -- DROP TABLE t\n+ 2":  {"SELECT", "1", "+", "2"},
		`ALTER TABLE "a""b".c`:           {"ALTER", "TABLE", `"a""b"`, ".", "c"},
		"SELECT 'it''s', 2":              {"SELECT", "'it''s'", ",", "2"},
		`SELECT E'it\'s', 'a\', 'b'`:     {"SELECT", `E'it\'s'`, ",", `'a\'`, ",", "'b'"},
		"AS $$ DELETE; $$ LANGUAGE sql":  {"AS", "$$ DELETE; $$", "LANGUAGE", "sql"},
		"AS $a$ $b$ $$ $b$ $a$ x":        {"AS", "$a$ $b$ $$ $b$ $a$", "x"},
		"SELECT $1":                      {"SELECT", "$", "1"},
		"SELECT größe, a$b":              {"SELECT", "größe", ",", "a$b"},
		"SELECT 'open":                   {"SELECT", "'open"},
		"SELECT /* open":                 {"SELECT"},
		"SELECT $$ open":                 {"SELECT", "$$ open"},
	} {
		var got []string
		for _, tok := range tokens(sql) {
			got = append(got, tok.text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
	}
}

// Tokens are parts of the statement in their order, and what is between them is
// blanks and comments.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"SELECT 'a' -- b", "$a$ $$ $a$", `E'\'' "x""`, "/* /* */", "ALTER TABLE a ADD b int, ADD CHECK (c IN (1, 2))"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		end := 0
		for _, tok := range tokens(sql) {
			if tok.from < end || tok.to <= tok.from || sql[tok.from:tok.to] != tok.text {
				t.Fatalf("token %q at %d to %d, want it behind %d", tok.text, tok.from, tok.to, end)
			}
			between := strings.TrimSpace(sql[end:tok.from])
			if between != "" && !strings.HasPrefix(between, "--") && !strings.HasPrefix(between, "/*") {
				t.Fatalf("%q is left out", between)
			}
			end = tok.to
		}
		head, actions := read(sql).actions()
		if strings.Count(sql, head) == 0 || len(actions) > len(sql) {
			t.Fatalf("actions of %q begin with %q", sql, head)
		}
	})
}

func TestActions(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		"ALTER TABLE t ADD a int":                                                  {"ADD a int"},
		"ALTER TABLE IF EXISTS ONLY s.t * ADD a int;":                              {"ADD a int"},
		`ALTER TABLE "a, b" ADD c numeric(1, 2), DROP d`:                           {"ADD c numeric(1, 2)", "DROP d"},
		"ALTER TABLE t ADD a text DEFAULT 'x, y', ADD b int[] DEFAULT ARRAY[1, 2]": {"ADD a text DEFAULT 'x, y'", "ADD b int[] DEFAULT ARRAY[1, 2]"},
		"DROP TABLE t, u": nil,
		"ALTER TABLE":     nil,
	} {
		_, actions := read(sql).actions()
		var got []string
		for _, a := range actions {
			got = append(got, a.sql)
		}
		if !slices.Equal(got, want) {
			t.Errorf("actions of %s = %q, want %q", sql, got, want)
		}
	}
}
