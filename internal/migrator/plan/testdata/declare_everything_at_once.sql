==> declare_everything_at_once.sql
-- Create "items" table
CREATE TABLE "items" (
  "id" bigint NOT NULL,
  "name" character varying(20) NULL,
  PRIMARY KEY ("id")
);
-- Create "stamp" as declared
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := 'a'; -- always
  RETURN NEW;
END;
$$;
CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();
-- Create "items_visible" as declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON items FOR SELECT USING (id > 0);
