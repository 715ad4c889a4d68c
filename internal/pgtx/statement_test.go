package pgtx

import "testing"

func TestInspect(t *testing.T) {
	t.Parallel()
	managed, lingers, returns := traits{managed: true}, traits{lingers: true}, traits{returns: 1}
	for sql, want := range map[string]traits{
		// What Ent writes.
		`SELECT "t"."id", COUNT(*) FROM "t" WHERE "t"."id" IN ($1, $2) AND (NOT (lower("t"."a") LIKE $3)) GROUP BY "t"."id" HAVING COUNT(*) > 1`: plain,
		`INSERT INTO "t" ("id", "a") VALUES ($1, $2) ON CONFLICT ("id") DO UPDATE SET "a" = "excluded"."a" RETURNING "id"`:                       plain,
		`INSERT INTO public . "t" (a) SELECT coalesce(b, now()) FROM u`:                                                                          plain,
		`UPDATE "t" SET "a" = COALESCE("t"."a", 0) + $1, "j" = jsonb_set("j", $2, $3) WHERE EXISTS (SELECT 1)`:                                   plain,
		`WITH a AS (SELECT 1), b AS MATERIALIZED (DELETE FROM t RETURNING id) SELECT row_number() OVER (ORDER BY id) FROM a JOIN b USING (id)`:   plain,
		`copy "t" ( "a", "b" ) from stdin binary;`:                                                           plain,
		`SELECT CAST(a AS numeric(10, 2)), b::varchar(3), 'set_config(', "set_config" FROM t -- set_config(`: plain,
		`SELECT pg_try_advisory_xact_lock($1), pg_current_xact_id()`:                                         plain,
		"":        plain,
		" ;; -- ": plain,
		// What ends or changes a transaction.
		"commit": managed, "  COMMIT AND CHAIN": managed, "/* a /* b */ */ End;": managed, "abort": managed, "Begin": managed,
		"START TRANSACTION READ ONLY": managed, "ROLLBACK": managed, "rollback work and chain": managed, "ROLLBACK PREPARED 'x'": managed,
		"PREPARE TRANSACTION 'x'": managed, "SELECT 1; COMMIT": managed, "SELECT $a$;$a$; -- x\rCOMMIT": managed, "DISCARD ALL": managed,
		"SET TRANSACTION READ WRITE": managed, "set local transaction_read_only to off": managed, `SET SESSION "transaction_isolation" = serializable`: managed,
		"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY": managed, "RESET transaction_read_only": managed,
		`SELECT E'\'; COMMIT; --'`: plain, `SELECT '\'; COMMIT; --'`: managed, `SELECT "a;COMMIT"`: plain, "SELECT 'a;COMMIT'": plain,
		// What may be used.
		"SAVEPOINT a": plain, "ROLLBACK TO a": returns, "rollback transaction to savepoint a": returns, "RELEASE a": plain,
		"ROLLBACK TO a; ROLLBACK WORK TO SAVEPOINT b": {returns: 2}, "PREPARE p AS SELECT 1": plain, "SET LOCAL transaction_timeout = 1": plain,
		// What may leave something behind. The tags tell the rest.
		"SELECT set_config($1, $2, false)": lingers, `SELECT "set_config"('a', 'b', false)`: lingers, "SELECT pg_catalog.set_config ($1, $2, true)": lingers,
		"SELECT pg_advisory_lock(1)": lingers, "SELECT pg_try_advisory_lock_shared(1)": lingers, "SELECT mine(1)": lingers, "SELECT nextval('s')": lingers,
		"SELECT public.count(1)": lingers, "SELECT pg_catalog.count(1)": plain, "SELECT has_entered(1)": lingers, `SELECT U&"a!005fb" UESCAPE '!' (1)`: lingers,
		"CREATE TEMP TABLE t AS SELECT 1": lingers, "EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1": lingers, "EXECUTE p": lingers,
		"DO $$ BEGIN END $$": {spoils: true}, "SELECT 1 AS a INTO TEMP t": lingers, "WITH a AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * INTO u FROM a": lingers,
	} {
		if got := inspect(sql); got != want {
			t.Errorf("inspect(%s) = %+v, want %+v", sql, got, want)
		}
	}
}
