==> reduce_an_object.sql
-- Make room for "stamp"
DROP TRIGGER "stamp_again" ON "items";
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
