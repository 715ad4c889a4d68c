==> change_objects.sql
-- Remove the old form of "stamp"
DROP TRIGGER stamp ON items;
DROP FUNCTION stamp();
-- Create "stamp" as declared
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := 'b'; -- always
  RETURN NEW;
END;
$$;
CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();
-- Remove the old form of "items_visible"
DROP POLICY visible ON items;
ALTER TABLE items DISABLE ROW LEVEL SECURITY;
-- Create "items_visible" as declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON items FOR UPDATE USING (id > 0);
