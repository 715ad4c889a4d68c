==> reduce_an_object.sql
-- Make place for "stamp" as it is declared now
DROP TRIGGER "stamp" ON "items";
-- Make place for "stamp" as it is declared now
DROP TRIGGER "stamp_again" ON "items";
-- Make place for "stamp" as it is declared now
DROP ROUTINE "stamp"();
-- Make "stamp", as it is declared
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := 'b'; -- always
  RETURN NEW;
END;
$$;
CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();
