package rows_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/review/rows"
)

// proofs are a file, the files that rewrite it, and how the proof fails.
var proofs = map[string]struct {
	original string
	rewrite  []string
	want     string // a part of it
}{
	"the same in two files": {
		"ALTER TABLE a ADD COLUMN m int DEFAULT 7; UPDATE a SET n = 2",
		[]string{"ALTER TABLE a ADD COLUMN m int DEFAULT 7", "UPDATE a SET n = 2"}, "",
	},
	"random values instead of random values": {
		"ALTER TABLE a ADD COLUMN r uuid DEFAULT gen_random_uuid()",
		[]string{"ALTER TABLE a ADD COLUMN r uuid; ALTER TABLE a ALTER r SET DEFAULT gen_random_uuid()", "UPDATE a SET r = DEFAULT"}, "",
	},
	"NULL instead of a value": {
		"ALTER TABLE a ADD COLUMN r uuid DEFAULT gen_random_uuid()",
		[]string{"ALTER TABLE a ADD COLUMN r uuid; ALTER TABLE a ALTER r SET DEFAULT gen_random_uuid()"}, `"r": null`,
	},
	"another order": {
		"UPDATE a SET n = n + 1; UPDATE a SET n = n * 2",
		[]string{"UPDATE a SET n = n * 2", "UPDATE a SET n = n + 1"}, "a has the row",
	},
	"a file that fails": {
		"UPDATE a SET note = ''; ALTER TABLE a ALTER note SET NOT NULL",
		[]string{"ALTER TABLE a ALTER note SET NOT NULL", "UPDATE a SET note = ''"}, "23502",
	},
	"rows that can't be updated meanwhile": {
		"ALTER TABLE a ADD COLUMN m int NOT NULL DEFAULT 1",
		[]string{
			"ALTER TABLE a ADD COLUMN m int; ALTER TABLE a ADD CONSTRAINT c CHECK (m IS NOT NULL) NOT VALID",
			"UPDATE a SET m = 1; ALTER TABLE a ALTER m SET DEFAULT 1; ALTER TABLE a ALTER m SET NOT NULL; ALTER TABLE a DROP CONSTRAINT c",
		}, "after 2.sql, rows of a can't be updated",
	},
	"NULLs that the file refuses": {
		"ALTER TABLE a ALTER note SET NOT NULL",
		[]string{"ALTER TABLE a ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID", "ALTER TABLE a VALIDATE CONSTRAINT c", "ALTER TABLE a ALTER note SET NOT NULL; ALTER TABLE a DROP CONSTRAINT c"}, "",
	},
	"values that the file refuses": {
		"ALTER TABLE a ADD CHECK (n > 1000)",
		[]string{"ALTER TABLE a ADD CHECK (n > 1000) NOT VALID", "ALTER TABLE a VALIDATE CONSTRAINT a_n_check"}, "",
	},
	"rows that a new table refuses": {
		"CREATE TABLE b (n int CHECK (n > 1000)); INSERT INTO b SELECT n FROM a; ALTER TABLE a ADD CHECK (n > 0)",
		[]string{"CREATE TABLE b (n int CHECK (n > 1000)); INSERT INTO b SELECT n FROM a", "ALTER TABLE a ADD CHECK (n > 0)"}, "",
	},
	"values that the file refuses under a new name": {
		"ALTER TABLE a RENAME TO b; ALTER TABLE b ADD CHECK (n > 1000)",
		[]string{"ALTER TABLE a RENAME TO b", "ALTER TABLE b ADD CHECK (n > 1000)"}, "",
	},
	"a file that no rows help": {
		"CREATE INDEX CONCURRENTLY i ON a (n)",
		[]string{"-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON a (n)"}, "",
	},
}

func TestProve(t *testing.T) {
	t.Parallel()
	server := migratortest.Server(t)
	for name, c := range proofs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := server.Database(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Drop(t.Context()); err != nil {
					t.Error(err)
				}
			})
			if _, err := db.ExecContext(t.Context(), "CREATE TABLE a (id int PRIMARY KEY, n int NOT NULL, note text)"); err != nil {
				t.Fatal(err)
			}
			if _, err := rows.Fill(t.Context(), db.DB, schema(t, db.DB), nil, false); err != nil {
				t.Fatal(err)
			}
			var rewrite []migrate.File
			for i, text := range c.rewrite {
				rewrite = append(rewrite, migrate.NewLocalFile(string(rune('2'+i))+".sql", []byte(text+";\n")))
			}
			source := func(ctx context.Context) (*sql.DB, func() error, error) {
				copied, err := db.Clone(ctx)
				if err != nil {
					return nil, nil, err
				}
				return copied.DB, func() error { return copied.Drop(ctx) }, nil
			}
			got, err := rows.Prove(t.Context(), source, schema(t, db.DB), nil, []migrate.File{migrate.NewLocalFile("1.sql", []byte(c.original+";\n"))}, rewrite)
			if err != nil {
				t.Fatal(err)
			}
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("difference = %q, want %q", got, c.want)
			}
		})
	}
}
