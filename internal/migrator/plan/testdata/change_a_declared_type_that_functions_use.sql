==> change_a_declared_type_that_functions_use.sql
-- Make room for "span"
DROP VIEW "wider";
DROP ROUTINE "wide"(s span[]);
-- Remove the old form of "span"
DROP TYPE span;
-- Create "span" as declared
CREATE TYPE span AS (lo int, mid int, hi int);
-- Create what depends on it again: function "wide(s span[])", view "wider"
REVOKE ALL ON TYPE span FROM PUBLIC;
GRANT USAGE ON TYPE span TO pg_monitor;
COMMENT ON TYPE span IS 'what it''s for';
CREATE OR REPLACE FUNCTION wide(s span[])
 RETURNS bigint
 LANGUAGE sql
AS $function$SELECT count(*) FROM unnest(s)$function$;
REVOKE ALL ON ROUTINE wide(span[]) FROM PUBLIC;
GRANT EXECUTE ON ROUTINE wide(span[]) TO pg_monitor;
COMMENT ON ROUTINE wide(span[]) IS 'what it''s for';
CREATE VIEW wider AS
 SELECT items.id,
    wide(ARRAY[]::span[]) AS wide
   FROM items;
