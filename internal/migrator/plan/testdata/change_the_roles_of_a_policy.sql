==> change_the_roles_of_a_policy.sql
-- Create "role plan_writer" as declared
DO $$ BEGIN
  CREATE ROLE "plan_writer";
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- it exists
END $$;
-- Remove the old form of "visible"
DROP POLICY visible ON items;
ALTER TABLE items DISABLE ROW LEVEL SECURITY;
-- Create "visible" as declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON items TO plan_reader, plan_writer USING (price > 0);
