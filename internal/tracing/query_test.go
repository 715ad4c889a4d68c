package tracing

import "testing"

func TestOperationOf(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`SELECT COUNT("t"."id") FROM "accounts" AS "t" WHERE a = $1`: "SELECT accounts",
		`select (select max(x) from inner_table), extract(y from z)`: "SELECT",
		`INSERT INTO "app"."Entries" ("id") VALUES ($1)`:             "INSERT Entries",
		`UPDATE ONLY accounts SET balance = $1`:                      "UPDATE accounts",
		`DELETE FROM "accounts" WHERE id = $1`:                       "DELETE accounts",
		`WITH a AS (SELECT 1 FROM x) INSERT INTO b SELECT * FROM a`:  "INSERT b",
		`MERGE INTO stock USING sold ON true`:                        "MERGE stock",
		`SELECT 1 FROM (SELECT * FROM a) b`:                          "SELECT",
		`commit; reset role`:                                         "COMMIT",
		`-- a comment` + "\n" + `rollback to savepoint sp1`:          "ROLLBACK",
		`TRUNCATE accounts`:                                          "TRUNCATE",
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
