==> replace_a_function.sql
-- Create "touch" as declared
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; -- b
END';
