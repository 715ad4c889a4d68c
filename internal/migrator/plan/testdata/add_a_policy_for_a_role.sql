==> add_a_policy_for_a_role.sql
-- Create "visible" as declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON items TO plan_reader USING (price > 0);
