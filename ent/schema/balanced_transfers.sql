-- The ledger's central rule, held by the database: a transfer has exactly two
-- entries, which sum to zero; the positive one is the transfer's amount, and
-- both accounts keep the same currency. A transaction that breaks it fails at
-- COMMIT, because only then are all rows there to be looked at.

-- One function for both tables; a row without a transfer has nothing to balance.
CREATE FUNCTION "check_balanced_transfer"() RETURNS trigger LANGUAGE plpgsql AS $$
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
-- A transfer that comes without its entries, or whose amount changes.
CREATE CONSTRAINT TRIGGER "transfers_balanced"
  AFTER INSERT OR UPDATE ON "transfers"
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "check_balanced_transfer"();
-- An entry that is added to a transfer later, changed, or taken away.
CREATE CONSTRAINT TRIGGER "transfers_balanced"
  AFTER INSERT OR UPDATE OR DELETE ON "entries"
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION "check_balanced_transfer"();
