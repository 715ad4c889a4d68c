-- Make "count_change", as it is declared
CREATE FUNCTION "count_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END;
$$;
-- Make "accounts_version", as it is declared
CREATE TRIGGER "accounts_version" BEFORE UPDATE ON "accounts"
  FOR EACH ROW EXECUTE FUNCTION "count_change"();
