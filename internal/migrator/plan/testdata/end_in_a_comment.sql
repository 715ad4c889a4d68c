==> end_in_a_comment.sql
-- Create "one" as declared
CREATE VIEW one AS SELECT 1 AS a -- the first
;
-- Create "two" as declared
CREATE VIEW two AS SELECT '--' AS a; -- the second;
-- Create "named" as declared
CREATE VIEW named AS SELECT name FROM items;
