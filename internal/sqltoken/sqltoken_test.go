package sqltoken_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/sqltoken"
)

func TestAll(t *testing.T) {
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
		"SELECT a\u2003$b$; c":           {"SELECT", "a\u2003$b$", ";", "c"}, // no blank, and so no $b$…$b$
		"SELECT 😀$b$; c":                 {"SELECT", "😀$b$", ";", "c"},
		"SELECT 1a$b$; c":                {"SELECT", "1", "a$b$", ";", "c"},
		"SELECT 1$b$ '$b$; c":            {"SELECT", "1", "$b$ '$b$", ";", "c"},
		"SELECT $1a$b$; c":               {"SELECT", "$", "1", "a$b$", ";", "c"},
		"SELECT E'a'\n'\\''; c":          {"SELECT", "E'a'\n'\\''", ";", "c"},
		"SELECT E'a' -- b\n\t'\\''; c":   {"SELECT", "E'a' -- b\n\t'\\''", ";", "c"},
		"SELECT E'a' '\\'; c":            {"SELECT", "E'a'", `'\'`, ";", "c"},
		"SELECT E'a' /*\n*/ '\\'; c":     {"SELECT", "E'a'", `'\'`, ";", "c"},
		"SELECT 'a'\n'\\'; c":            {"SELECT", "'a'", `'\'`, ";", "c"},
		"SELECT 'open":                   {"SELECT", "'open"},
		"SELECT /* open":                 {"SELECT"},
		"SELECT $$ open":                 {"SELECT", "$$ open"},
	} {
		var got []string
		for tok := range sqltoken.All(sql) {
			got = append(got, tok.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
	}
}

// Tokens are parts of the statement in their order, and what is between them is
// blanks and comments.
func FuzzAll(f *testing.F) {
	for _, seed := range []string{"SELECT 'a' -- b", "$a$ $$ $a$", `E'\'' "x""`, "/* /* */", "ALTER TABLE a ADD b int, ADD CHECK (c IN (1, 2))"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		end := 0
		for tok := range sqltoken.All(sql) {
			if tok.From < end || tok.To <= tok.From || sql[tok.From:tok.To] != tok.Text {
				t.Fatalf("token %q at %d to %d, want it behind %d", tok.Text, tok.From, tok.To, end)
			}
			between := strings.TrimSpace(sql[end:tok.From])
			if between != "" && !strings.HasPrefix(between, "--") && !strings.HasPrefix(between, "/*") {
				t.Fatalf("%q is left out", between)
			}
			end = tok.To
		}
	})
}

func TestQuoteIsReadAsTheName(t *testing.T) {
	t.Parallel()
	if got, want := sqltoken.Quote("a", "B"), `"a", "B"`; got != want {
		t.Errorf("list = %s, want %s", got, want)
	}
	for _, name := range []string{"a", "A b", `a"b`, `"`, `a"`, `"a`, "größe", ""} {
		for tok := range sqltoken.All(sqltoken.Quote(name)) {
			if got := tok.Name(); got != name {
				t.Errorf("name of %s = %q, want %q", sqltoken.Quote(name), got, name)
			}
		}
	}
}

func TestWhatSQLTakes(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		sqltoken.QuoteTable("Users"):       `"Users"`,
		sqltoken.QuoteTable("other.users"): `"other"."users"`,
		sqltoken.Literal("it's"):           `'it''s'`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
