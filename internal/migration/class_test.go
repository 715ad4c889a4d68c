package migration

import (
	"testing"

	"commitment/internal/sqltoken"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	type want struct {
		Class         class
		Action        action
		Within        bool
		Parameter     string
		Table, Object string
	}
	tests := []struct {
		name, sql string
		want      want
	}{
		{"knows a build by its index and table", `CREATE INDEX CONCURRENTLY a_id ON a (id)`,
			want{Class: concurrent, Action: createIndex, Table: "a", Object: "a_id"}},
		{"sees through comments, case, white space and options",
			"-- why\n/* and /* how */ */create\tUnique index concurrently IF NOT EXISTS \"A id\" on only app.\"a b\"(id)",
			want{Class: concurrent, Action: createIndex, Table: `app."a b"`, Object: `"A id"`}},
		{"finds nothing to look for in an index without a name", `CREATE INDEX CONCURRENTLY ON a (id)`, want{Class: concurrent}},
		{"takes a quoted name for no keyword", `CREATE INDEX "concurrently" ON a (id)`, want{Class: strong, Within: true}},
		{"knows the index that is dropped", `DROP INDEX CONCURRENTLY IF EXISTS app.a_id`,
			want{Class: concurrent, Action: dropIndex, Object: "app.a_id"}},
		{"knows what is rebuilt concurrently", `REINDEX (VERBOSE) INDEX CONCURRENTLY app."a b"`, want{Class: concurrent, Action: reindex, Object: `app."a b"`}},
		{"knows both ways to rebuild concurrently", `REINDEX (VERBOSE, CONCURRENTLY) TABLE a`, want{Class: concurrent, Action: reindex, Object: "a"}},
		{"knows no table where a schema is rebuilt", `REINDEX SCHEMA CONCURRENTLY a`, want{Class: concurrent}},
		{"knows a concurrent refresh", `REFRESH MATERIALIZED VIEW CONCURRENTLY v`, want{Class: concurrent}},
		{"knows the partition that is detached", `ALTER TABLE IF EXISTS ONLY a DETACH PARTITION a1 CONCURRENTLY`,
			want{Class: concurrent, Action: detachPartition, Table: "a", Object: "a1"}},
		{"takes another detach for strong", `ALTER TABLE a DETACH PARTITION a1`, want{Class: strong, Within: true}},
		{"lets a validation take its time", `ALTER TABLE "a" VALIDATE CONSTRAINT "c"`, want{Class: weak, Within: true}},
		{"lets VACUUM take its time", `VACUUM a`, want{Class: weak}},
		{"takes a change of a table for strong", `ALTER TABLE a ADD COLUMN n int`, want{Class: strong, Within: true}},
		{"takes a plain index for strong", `CREATE INDEX a_id ON a (id)`, want{Class: strong, Within: true}},
		{"keeps out of a transaction what can't be in one", `CREATE DATABASE d`, want{Class: strong}},
		{"keeps a role in the transaction of its record", `CREATE ROLE r`, want{Class: strong, Within: true}},
		{"takes what it doesn't know for strong", `CLUSTER a`, want{Class: strong}},
		{"knows rows", `UPDATE a SET n = 1`, want{Class: data, Within: true}},
		{"knows rows behind WITH", `WITH b AS (SELECT 1) UPDATE a SET n = n + 1`, want{Class: data, Within: true}},
		{"knows a procedure", `CALL p()`, want{Class: data, Within: true}},
		{"knows a setting", `SET LOCAL Lock_Timeout = '1s'`, want{Class: control, Parameter: "lock_timeout"}},
		{"knows a setting by function", `SELECT set_config('statement_timeout', '0', false)`, want{Class: control, Parameter: "statement_timeout"}},
		{"knows the end of all settings", `RESET ALL`, want{Class: control, Parameter: "all"}},
		{"takes an empty statement for strong", ``, want{Class: strong}},
		{"ends with an open comment, quote or list", `CREATE INDEX CONCURRENTLY "a`, want{Class: concurrent}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := parse(tt.sql)
			got := want{c.class, c.action, c.transactional, c.parameter, c.table.Text, c.object.Text}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("command (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`CREATE INDEX CONCURRENTLY "a`)
	f.Add(`/* /* */ ALTER TABLE a DETACH PARTITION b.`)
	f.Add(`SELECT set_config('`)
	f.Fuzz(func(t *testing.T, sql string) {
		c := parse(sql)
		for _, name := range []sqltoken.Token{c.keyword, c.table, c.object} {
			if name.Text != "" && folded(sql[name.From:name.To]) != folded(name.Text) {
				t.Errorf("text = %q, want %q", name.Text, sql[name.From:name.To])
			}
		}
	})
}
