==> change_a_view_under_a_view.sql
-- Make room for "cheap"
DROP VIEW "free";
-- Remove the old form of "cheap"
DROP VIEW cheap;
-- Create "cheap" as declared
CREATE VIEW cheap AS SELECT price, id FROM items WHERE price < 10;
-- Create what depends on it again: view "free"
CREATE VIEW free WITH (security_barrier=true) AS
 SELECT cheap.id,
    cheap.price
   FROM cheap
  WHERE cheap.price = 0;
