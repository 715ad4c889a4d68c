package tracing

import (
	"strings"
	"testing"
)

func TestOperationOf(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`SELECT COUNT("t"."id") FROM "orders" AS "t" WHERE a = $1`:   "SELECT orders",
		`select (select max(x) from inner_table), extract(y from z)`: "SELECT",
		`INSERT INTO "app"."Lines" ("id") VALUES ($1)`:               "INSERT Lines",
		`UPDATE ONLY orders SET balance = $1`:                        "UPDATE orders",
		`DELETE FROM "orders" WHERE id = $1`:                         "DELETE orders",
		`WITH a AS (SELECT 1 FROM x) INSERT INTO b SELECT * FROM a`:  "INSERT b",
		`MERGE INTO stock USING sold ON true`:                        "MERGE stock",
		`SELECT 1 FROM (SELECT * FROM a) b`:                          "SELECT",
		`commit; reset role`:                                         "COMMIT",
		`-- a comment` + "\n" + `rollback to savepoint sp1`:          "ROLLBACK",
		`TRUNCATE orders`:                                            "TRUNCATE",
		`'secret'`:                                                   "",
		`0xBEEF`:                                                     "",
		``:                                                           "",
	} {
		operation, table := operationOf(sql)
		got := operation
		if table != "" {
			got += " " + table
		}
		if got != want {
			t.Errorf("operationOf(%q) = %q, want %q", sql, got, want)
		}
	}
}

func TestLongStatementsAreNotRemembered(t *testing.T) {
	t.Parallel()
	s := newStatements(nil)
	for rows := range 10 {
		s.query("INSERT INTO t VALUES (1)" + strings.Repeat(", (1)", maxRemembered/5+rows))
	}
	s.query("SELECT 1")
	if got := s.queries.Len(); got != 1 {
		t.Errorf("remembered statements = %d, want 1", got)
	}
}
