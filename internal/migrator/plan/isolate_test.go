package plan_test

import (
	"testing"

	"commitment/internal/migrator/plan"
)

func TestIsolate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		first, second string
		apart         bool
	}{
		{"keeps the statements of one table together", `ALTER TABLE "a" ADD COLUMN "b" int`, `ALTER TABLE a DROP COLUMN "c"`, false},
		{"parts the locks of two tables", `ALTER TABLE "a" ADD COLUMN "b" int`, `ALTER TABLE "b" ADD COLUMN "b" int`, true},
		{"knows a table that was renamed", `ALTER TABLE "a" RENAME TO "b"`, `ALTER TABLE "b" RENAME CONSTRAINT "c" TO "d"`, false},
		{"keeps a new name of a table apart", `ALTER TABLE "a" RENAME TO "b"`, `ALTER TABLE "b" ADD COLUMN "b" int`, true},
		{"keeps a new name of a column apart", `ALTER TABLE "a" RENAME COLUMN "b" TO "c"`, `CREATE TABLE "d" ()`, true},
		{"leaves new tables alone", `CREATE TABLE "a" ()`, `ALTER TABLE "b" ADD COLUMN "b" int`, false},
		{"leaves what is done to new tables alone", `ALTER TABLE "b" ADD COLUMN "b" int`, `CREATE TABLE "a" (b int REFERENCES "b" ("id"))`, false},
		{"sees the lock on a table that a new one refers to", `CREATE TABLE "a" (b int REFERENCES "b" ("id"))`, `ALTER TABLE "c" ADD COLUMN "b" int`, true},
		{"sees the table of a trigger", "CREATE FUNCTION f() …;\nCREATE CONSTRAINT TRIGGER t\n  AFTER INSERT ON \"a\" …", `DROP TABLE "b"`, true},
		{"lets validations share a file", `ALTER TABLE "a" VALIDATE CONSTRAINT "c"`, `ALTER TABLE "b" VALIDATE CONSTRAINT "d"`, false},
		{"lets indexes be renamed beside anything", `ALTER TABLE "a" RENAME CONSTRAINT "b" TO "c"`, `ALTER INDEX "d" RENAME TO "e"`, false},
		{"reads quotes in names", `ALTER TABLE "a""b" ADD COLUMN "b" int`, `ALTER TABLE "a""b" DROP COLUMN "c"`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			steps := []plan.Step{{SQL: tt.first}, {SQL: tt.second}}
			plan.Isolate(steps)
			if steps[1].Apart != tt.apart {
				t.Errorf("apart = %t, want %t", steps[1].Apart, tt.apart)
			}
		})
	}
}
