package hazard

import (
	"slices"
	"strings"
	"testing"
)

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
		_, actions := parse(sql).actions()
		var got []string
		for _, a := range actions {
			got = append(got, a.sql)
		}
		if !slices.Equal(got, want) {
			t.Errorf("actions of %s = %q, want %q", sql, got, want)
		}
	}
}

func FuzzActions(f *testing.F) {
	f.Add("ALTER TABLE a ADD b int, ADD CHECK (c IN (1, 2))")
	f.Fuzz(func(t *testing.T, sql string) {
		head, actions := parse(sql).actions()
		if strings.Count(sql, head) == 0 || len(actions) > len(sql) {
			t.Fatalf("actions of %q begin with %q", sql, head)
		}
	})
}
