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

const base = `CREATE TABLE a (id int PRIMARY KEY, n int NOT NULL, note text, at date DEFAULT '2026-01-01' CONSTRAINT late CHECK (at > '2000-01-01'));
CREATE INDEX plain ON a (note); ALTER TABLE a ADD CONSTRAINT positive CHECK (n > 0) NOT VALID; CREATE VIEW v AS SELECT id FROM a; GRANT SELECT ON v TO pg_monitor;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER note AFTER UPDATE ON a FOR EACH ROW EXECUTE FUNCTION note();`

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
	"a trigger that is off meanwhile": {
		"ALTER TABLE a DISABLE TRIGGER note; UPDATE a SET n = n + 1; ALTER TABLE a ENABLE TRIGGER note",
		[]string{"ALTER TABLE a DISABLE TRIGGER note", "UPDATE a SET n = n + 1; ALTER TABLE a ENABLE TRIGGER note"},
		"after 2.sql, for a time trigger note of a is different",
	},
	"a view that is missing meanwhile": {
		"DROP VIEW v; UPDATE a SET n = 2; CREATE VIEW v AS SELECT id, n FROM a",
		[]string{"DROP VIEW v", "UPDATE a SET n = 2", "CREATE VIEW v AS SELECT id, n FROM a"}, "after 2.sql, for a time view v is missing",
	},
	"a privilege that is missing meanwhile": {
		"REVOKE SELECT ON v FROM pg_monitor; UPDATE a SET n = 2; GRANT SELECT ON v TO pg_monitor",
		[]string{"REVOKE SELECT ON v FROM pg_monitor", "UPDATE a SET n = 2; GRANT SELECT ON v TO pg_monitor"}, "privilege SELECT ON TABLE v TO pg_monitor is missing",
	},
	"a default that is missing meanwhile": {
		"ALTER TABLE a ALTER at DROP DEFAULT; UPDATE a SET n = 2; ALTER TABLE a ALTER at SET DEFAULT '2026-01-02'",
		[]string{"ALTER TABLE a ALTER at DROP DEFAULT", "UPDATE a SET n = 2; ALTER TABLE a ALTER at SET DEFAULT '2026-01-02'"}, "column at of a has no default",
	},
	"a key that is missing meanwhile": {
		"ALTER TABLE a DROP CONSTRAINT a_pkey; ALTER TABLE a ADD CONSTRAINT a_key PRIMARY KEY (id, n)",
		[]string{"ALTER TABLE a DROP CONSTRAINT a_pkey", "ALTER TABLE a ADD CONSTRAINT a_key PRIMARY KEY (id, n)"}, "nothing keeps id, n of a unique",
	},
	"what changes at once": {
		"ALTER TABLE a ADD UNIQUE (n, id); DROP INDEX plain; CREATE INDEX plain ON a (n, note); ALTER TABLE a ALTER at SET DEFAULT '2026-01-02'",
		[]string{"CREATE UNIQUE INDEX a_n_id_key ON a (n, id)", "DROP INDEX plain", "ALTER TABLE a ADD UNIQUE USING INDEX a_n_id_key, ALTER at SET DEFAULT '2026-01-02'; CREATE INDEX plain ON a (n, note)"}, "",
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
			if _, err := db.ExecContext(t.Context(), base); err != nil {
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
