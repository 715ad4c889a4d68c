==> change_a_view_with_privileges.sql
-- Remove the old form of "cheap"
DROP VIEW cheap;
-- Create "cheap" as declared
CREATE VIEW cheap AS SELECT id FROM items;
-- Restore the privileges and comments that migrations gave
GRANT SELECT ON cheap TO PUBLIC;
COMMENT ON VIEW cheap IS 'what it''s for';
