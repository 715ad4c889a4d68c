package migration_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/pgtest"
)

func TestRevisions(t *testing.T) {
	t.Parallel()

	t.Run("are in the table that the Atlas CLI makes", func(t *testing.T) {
		t.Parallel()
		got := queryStrings(t, pgtest.Open(t, pgtest.URL(t)), `
			SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'NOT NULL' END,
				'DEFAULT ' || pg_get_expr(adbin, adrelid))
			FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
			WHERE attrelid = 'atlas_schema_revisions'::regclass AND attnum > 0
			ORDER BY attnum`)
		want := []string{
			"version character varying NOT NULL",
			"description character varying NOT NULL",
			"type bigint NOT NULL DEFAULT 2",
			"applied bigint NOT NULL DEFAULT 0",
			"total bigint NOT NULL DEFAULT 0",
			"executed_at timestamp with time zone NOT NULL",
			"execution_time bigint NOT NULL",
			"error text",
			"error_stmt text",
			"hash character varying NOT NULL",
			"partial_hashes jsonb",
			"operator_version character varying NOT NULL",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
	})

	t.Run("hold what the Atlas CLI writes", func(t *testing.T) {
		t.Parallel()
		db, dir := emptyDB(t), files(t, "1_two_tables.sql", createA+createB)
		apply(t, db, dir)
		sum, err := dir.Checksum()
		if err != nil {
			t.Fatal(err)
		}
		hash, err := sum.SumByName("1_two_tables.sql")
		if err != nil {
			t.Fatal(err)
		}
		got := queryStrings(t, db, `SELECT concat_ws('|', version, description, type, applied, total,
			execution_time > 0, error, error_stmt, hash, partial_hashes, operator_version) FROM atlas_schema_revisions`)
		if diff := cmp.Diff([]string{"1|two_tables|2|2|2|t|||" + hash + "|null|commitment"}, got); diff != "" {
			t.Errorf("revision (-want +got):\n%s", diff)
		}
	})

	t.Run("hold the time of all statements", func(t *testing.T) {
		t.Parallel()
		for _, mode := range []string{"", none} {
			db := emptyDB(t)
			revs := apply(t, db, files(t, "1_slow.sql", mode+"SELECT pg_sleep(0.05);\nSELECT pg_sleep(0.05);\n"))
			if took := revs[0].ExecutionTime; took < 100*time.Millisecond {
				t.Errorf("execution time = %s, want at least 100ms", took)
			}
		}
	})

	t.Run("of the CLI are gone on from, its own identifier left out", func(t *testing.T) {
		t.Parallel()
		db := emptyDB(t)
		apply(t, db, files(t, "1_a.sql", createA))
		exec(t, db, `INSERT INTO atlas_schema_revisions
			(version, description, executed_at, execution_time, hash, operator_version)
			VALUES ('.atlas_cloud_identifier', gen_random_uuid()::text, now(), 0, '', 'Atlas CLI')`)
		revs := apply(t, db, files(t, "1_a.sql", createA, "2_b.sql", createB))
		if diff := cmp.Diff([]string{"2"}, versions(revs)); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
	})
}
