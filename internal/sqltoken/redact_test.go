package sqltoken_test

import (
	"testing"

	"commitment/internal/sqltoken"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`SELECT "a".b FROM t WHERE c = $1 AND d = 'it''s'`: `SELECT "a".b FROM t WHERE c = $1 AND d = ?`,
		`select e'\'', $$x$$, $tag$y$tag$, B'01', 1.5e3`:   `select ?, ?, ?, B?, ?.?`,
		`select 0xBEEF, 1_000, 1e-7, $1abc, a1 from t1`:    `select ?, ?, ?-?, $1abc, a1 from t1`,
		"select 1 -- secret\n/* secret */ from t":          `select ? from t`,
		"": "",
	} {
		if got := sqltoken.Redact(sql, 100); got != want {
			t.Errorf("Redact(%q) = %q, want %q", sql, got, want)
		}
	}
	if got := sqltoken.Redact("select ééé from t", 10); got != "select é…" {
		t.Errorf("Redact() = %q, want it cut between two letters", got)
	}
}
