==> change_a_declared_domain_that_a_function_returns.sql
-- Make room for "code"
DROP ROUTINE "first_code"();
-- Remove the old form of "code"
DROP DOMAIN code;
-- Create "code" as declared
CREATE DOMAIN code AS character varying(5);
-- Create what depends on it again: function "first_code()"
CREATE OR REPLACE FUNCTION first_code()
 RETURNS code
 LANGUAGE sql
 SET search_path FROM CURRENT
AS $function$SELECT 'b'::code$function$;
DO $do$ BEGIN EXECUTE format('ALTER ROUTINE "first_code"() SET search_path TO %1$I, ''pg_temp''', current_schema()); END $do$;
REVOKE ALL ON ROUTINE first_code() FROM PUBLIC;
GRANT EXECUTE ON ROUTINE first_code() TO pg_monitor;
COMMENT ON ROUTINE first_code() IS 'what it''s for';
