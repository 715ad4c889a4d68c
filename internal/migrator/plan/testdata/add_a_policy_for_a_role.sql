==> add_a_policy_for_a_role.sql
-- Create "role plan_reader" as declared
DO $$ BEGIN
  CREATE ROLE "plan_reader";
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- it exists
END $$;
-- Create "visible" as declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON items TO plan_reader USING (price > 0);
-- Create "reading" as declared
GRANT SELECT ON items TO plan_reader;
