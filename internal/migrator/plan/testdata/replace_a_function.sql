==> replace_a_function.sql
-- Make "touch", as it is declared
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; -- b
END';
