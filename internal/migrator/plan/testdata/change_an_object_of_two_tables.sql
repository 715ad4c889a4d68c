==> change_an_object_of_two_tables.sql
-- Make place for "guarded" as it is declared now
DROP POLICY guarded ON owners;
ALTER TABLE owners DISABLE ROW LEVEL SECURITY;
DROP POLICY guarded ON items;
ALTER TABLE items DISABLE ROW LEVEL SECURITY;
-- Make "guarded", as it is declared
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY guarded ON items FOR UPDATE USING (true);
ALTER TABLE owners ENABLE ROW LEVEL SECURITY;
CREATE POLICY guarded ON owners FOR UPDATE USING (true);
