==> end_in_a_comment.sql
-- Make "one", as it is declared
CREATE VIEW one AS SELECT 1 AS a -- the first
;
-- Make "two", as it is declared
CREATE VIEW two AS SELECT '--' AS a; -- the second;
-- Make "named", as it is declared
CREATE VIEW named AS SELECT name FROM items;
