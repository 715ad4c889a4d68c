==> extend_an_object.sql
-- Remove the old form of "stamp"
DROP TRIGGER "stamp" ON "items";
-- Remove the old form of "stamp"
DROP ROUTINE "stamp"();
-- Create "stamp" as declared
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := 'b'; -- always
  RETURN NEW;
END;
$$;
CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER stamp_again BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION stamp();
