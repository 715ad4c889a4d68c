==> change_an_object_of_two_tables.sql
-- Remove the old form of "guarded"
DROP POLICY guarded ON owners;
ALTER TABLE owners DISABLE ROW LEVEL SECURITY;
DROP POLICY guarded ON items;
ALTER TABLE items DISABLE ROW LEVEL SECURITY;
-- Create "guarded" as declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY guarded ON items FOR UPDATE USING (true);
ALTER TABLE owners ENABLE ROW LEVEL SECURITY;
CREATE POLICY guarded ON owners FOR UPDATE USING (true);
