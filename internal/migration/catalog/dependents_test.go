package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration/catalog"
)

// hanging are objects that depend on others.
const hanging = `
CREATE TABLE items (id bigint, price int, twice bigint GENERATED ALWAYS AS (price * 2) STORED, name text);
CREATE VIEW named AS SELECT name FROM items;
CREATE VIEW a_dear AS SELECT twice FROM items;
CREATE VIEW cheap AS SELECT price FROM items;
CREATE VIEW "a free" AS SELECT price FROM cheap;
COMMENT ON VIEW "a free" IS 'it''s free';
COMMENT ON COLUMN cheap.price IS 'the price';
ALTER VIEW cheap ALTER COLUMN price SET DEFAULT 7;
GRANT SELECT, INSERT ON cheap TO PUBLIC;
GRANT UPDATE (price) ON cheap TO pg_monitor WITH GRANT OPTION;
COMMENT ON COLUMN items.twice IS 'twice';
CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER priced BEFORE UPDATE OF price ON items FOR EACH ROW EXECUTE FUNCTION noop();
CREATE TRIGGER named BEFORE UPDATE OF name ON items FOR EACH ROW EXECUTE FUNCTION noop();
CREATE TRIGGER instead INSTEAD OF UPDATE ON cheap FOR EACH ROW EXECUTE FUNCTION noop();
CREATE FUNCTION first(cheap) RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION first(cheap) FROM PUBLIC;
CREATE POLICY visible ON items USING (price > 0);
COMMENT ON POLICY visible ON items IS 'who sees it';
CREATE TABLE other (n int DEFAULT 1, m int GENERATED ALWAYS AS (n) STORED);
COMMENT ON TABLE other IS 'another';
CREATE TRIGGER changed BEFORE UPDATE ON other FOR EACH ROW EXECUTE FUNCTION noop();
CREATE POLICY mine ON other;
CREATE VIEW others AS SELECT n FROM other;
CREATE TYPE pair AS (a int);
COMMENT ON TYPE pair IS 'two';
CREATE DOMAIN code AS text;
GRANT USAGE ON TYPE code TO pg_monitor;
CREATE FUNCTION joint(code, VARIADIC pair[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION joint OWNER TO pg_monitor;
CREATE VIEW joint AS SELECT joint('a', ROW(1)::pair);`

func TestDependents(t *testing.T) {
	t.Parallel()
	db := empty(t)
	exec(t, db, hanging)
	for name, tt := range map[string]struct {
		on   catalog.Object
		want []string
	}{
		"of a column": {catalog.Object{Kind: catalog.KindColumn, Table: "items", Name: "price"}, []string{
			"column items.price",
			"column items.twice: COMMENT ON COLUMN items.twice IS 'twice'",
			"policy items.visible: COMMENT ON POLICY visible ON items IS 'who sees it'",
			"trigger items.priced",
			"view cheap: ALTER VIEW cheap ALTER COLUMN price SET DEFAULT 7; GRANT INSERT, SELECT ON cheap TO PUBLIC; GRANT UPDATE (price) ON cheap TO pg_monitor WITH GRANT OPTION; COMMENT ON COLUMN cheap.price IS 'the price'",
			`function first(cheap): REVOKE ALL ON ROUTINE first(cheap) FROM PUBLIC`,
			"trigger cheap.instead",
			`view a free: COMMENT ON VIEW "a free" IS 'it''s free'`,
			"view a_dear",
		}},
		"of a function": {catalog.Object{Kind: catalog.KindFunction, Name: "noop()"}, []string{"function noop()", "trigger cheap.instead", "trigger items.named", "trigger items.priced", "trigger other.changed"}},
		"of a table": {catalog.Object{Kind: catalog.KindTable, Name: "other"}, []string{
			"table other: COMMENT ON TABLE other IS 'another'", "column other.m", "policy other.mine", "trigger other.changed", "view others",
		}},
		"of a table's row type": {catalog.Object{Kind: catalog.KindType, Name: "items"}, nil},
		"of a type": {catalog.Object{Kind: catalog.KindType, Name: "pair"}, []string{
			"type pair: COMMENT ON TYPE pair IS 'two'", "function joint(code, VARIADIC pair[]): ALTER ROUTINE joint(code,pair[]) OWNER TO pg_monitor", "view joint",
		}},
		"of a domain": {catalog.Object{Kind: catalog.KindDomain, Name: "code"}, []string{
			"domain code: REVOKE ALL ON TYPE code FROM PUBLIC; GRANT USAGE ON TYPE code TO PUBLIC; GRANT USAGE ON TYPE code TO pg_monitor",
			"function joint(code, VARIADIC pair[]): ALTER ROUTINE joint(code,pair[]) OWNER TO pg_monitor", "view joint",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := catalog.Dependents(t.Context(), db, tt.on)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range found {
				text := string(d.Kind) + " " + strings.TrimPrefix(d.Table+"."+d.Name, ".")
				if len(d.Restore) > 0 {
					text += ": " + strings.Join(d.Restore, "; ")
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("dependents (-want +got):\n%s", diff)
			}
		})
	}
}
