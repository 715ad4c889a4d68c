-- Look the entries and accounts of a transfer up by their tenant, which the indexes begin
-- with: a role that isn't held by the policies read all entries.
CREATE OR REPLACE FUNCTION "check_balanced_transfer"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched uuid[];
  unbalanced uuid;
BEGIN
  IF TG_TABLE_NAME = 'transfers' THEN
    touched := ARRAY[NEW.id];
  ELSIF TG_OP = 'INSERT' THEN
    touched := ARRAY[NEW.transfer_id];
  ELSIF TG_OP = 'DELETE' THEN
    touched := ARRAY[OLD.transfer_id];
  ELSE
    touched := ARRAY[OLD.transfer_id, NEW.transfer_id];
  END IF;

  SELECT t.id INTO unbalanced
  FROM transfers t
  WHERE t.id = ANY (touched)
    AND NOT (
      SELECT count(*) = 2
        AND sum(e.amount) = 0
        AND max(e.amount) = t.amount
        AND min(a.currency) = max(a.currency)
      FROM entries e
      JOIN accounts a ON a.id = e.account_id AND a.tenant_id = e.tenant_id
      WHERE e.transfer_id = t.id AND e.tenant_id = t.tenant_id
    )
  LIMIT 1;

  IF FOUND THEN
    RAISE EXCEPTION 'transfer % is not balanced', unbalanced USING
      ERRCODE = 'check_violation',
      DETAIL = 'A transfer has two entries in one currency, one of its amount and one of minus its amount.',
      SCHEMA = TG_TABLE_SCHEMA,
      TABLE = 'transfers',
      CONSTRAINT = 'transfers_balanced';
  END IF;
  RETURN NULL;
END;
$$;
-- Bind the names in the function to the schema that is migrated, whatever the
-- session's search_path is; with pg_temp last, no temporary table takes their place.
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION %1$I.check_balanced_transfer() SET search_path = %1$I, pg_temp', current_schema());
END;
$$;
