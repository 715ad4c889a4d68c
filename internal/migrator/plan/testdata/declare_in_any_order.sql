==> declare_in_any_order.sql
-- Create "cheap" as declared
CREATE VIEW cheap AS SELECT id, name, price FROM items WHERE price < 10;
-- Create "touch" as declared
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; -- a
END';
-- Create "free" as declared
CREATE VIEW free WITH (security_barrier=true) AS SELECT id, price FROM cheap WHERE price = 0;
-- Create "stamped" as declared
CREATE TRIGGER touched BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch();
