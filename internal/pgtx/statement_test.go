package pgtx

import "testing"

func TestInspect(t *testing.T) {
	t.Parallel()
	control, reset, rollback, awaited := traits{controlsTx: true}, traits{needsReset: true}, traits{rollbackTos: 1}, traits{awaited: true}
	for sql, want := range map[string]traits{
		// What Ent writes.
		`SELECT "t"."id", COUNT(*) FROM "t" WHERE "t"."id" IN ($1, $2) AND (NOT (lower("t"."a") LIKE $3)) GROUP BY "t"."id" HAVING COUNT(*) > 1`: noTraits,
		`INSERT INTO "t" ("id", "a") VALUES ($1, $2) ON CONFLICT ("id") DO UPDATE SET "a" = "excluded"."a" RETURNING "id"`:                       noTraits,
		`INSERT INTO public . "t" (a) SELECT coalesce(b, now()) FROM u`:                                                                          noTraits,
		`UPDATE "t" SET "a" = COALESCE("t"."a", 0) + $1, "j" = jsonb_set("j", $2, $3) WHERE EXISTS (SELECT 1)`:                                   noTraits,
		`WITH a AS (SELECT 1), b AS MATERIALIZED (DELETE FROM t RETURNING id) SELECT row_number() OVER (ORDER BY id) FROM a JOIN b USING (id)`:   noTraits,
		`copy "t" ( "a", "b" ) from stdin binary;`:                                                           noTraits,
		`SELECT CAST(a AS numeric(10, 2)), b::varchar(3), 'set_config(', "set_config" FROM t -- set_config(`: noTraits,
		"":        noTraits,
		" ;; -- ": noTraits,
		// What ends or changes a transaction.
		"commit": control, "  COMMIT AND CHAIN": control, "/* a /* b */ */ End;": control, "abort": control, "Begin": control,
		"START TRANSACTION READ ONLY": control, "ROLLBACK": control, "rollback work and chain": control, "ROLLBACK PREPARED 'x'": control,
		"PREPARE TRANSACTION 'x'": control, "SELECT 1; COMMIT": control, "SELECT $a$;$a$; -- x\rCOMMIT": control, "DISCARD ALL": control,
		"SET TRANSACTION READ WRITE": control, "set local transaction_read_only to off": control, `SET SESSION "transaction_isolation" = serializable`: control,
		"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY": control, "RESET transaction_read_only": control,
		`SELECT E'\'; COMMIT; --'`: noTraits, `SELECT '\'; COMMIT; --'`: control, `SELECT "a;COMMIT"`: noTraits, "SELECT 'a;COMMIT'": noTraits,
		// What may be used.
		"SAVEPOINT a": noTraits, "ROLLBACK TO a": rollback, "rollback transaction to savepoint a": rollback, "RELEASE a": noTraits,
		"ROLLBACK TO a; ROLLBACK WORK TO SAVEPOINT b": {rollbackTos: 2}, "PREPARE p AS SELECT 1": noTraits, "SET LOCAL transaction_timeout = 1": noTraits,
		// What others may wait for.
		"SELECT pg_try_advisory_xact_lock($1), pg_current_xact_id()": awaited, "SELECT pg_catalog.pg_advisory_xact_lock_shared (1)": awaited, "lock t": awaited,
		"Notify c": awaited, "SELECT pg_notify('c', '')": awaited,
		// What may leave something behind. The tags tell the rest.
		"SELECT set_config($1, $2, false)": reset, `SELECT "set_config"('a', 'b', false)`: reset, "SELECT pg_catalog.set_config ($1, $2, true)": reset,
		"SELECT pg_advisory_lock(1)": reset, "SELECT pg_try_advisory_lock_shared(1)": reset, "SELECT mine(1)": reset, "SELECT setval('s', 1)": reset, "SELECT nextval('s')": {},
		"SELECT public.count(1)": reset, "SELECT pg_catalog.count(1)": noTraits, "SELECT has_entered(1)": reset, `SELECT U&"a!005fb" UESCAPE '!' (1)`: reset,
		"CREATE TEMP TABLE t AS SELECT 1": reset, "EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1": reset, "EXECUTE p": reset,
		"DO $$ BEGIN END $$": {needsClose: true}, "SELECT 1 AS a INTO TEMP t": reset, "WITH a AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * INTO u FROM a": reset,
	} {
		if got := inspect(sql); got != want {
			t.Errorf("inspect(%s) = %+v, want %+v", sql, got, want)
		}
	}
}
