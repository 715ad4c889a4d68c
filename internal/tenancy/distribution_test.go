package tenancy_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	entmigrate "commitment/ent/migrate"
	"commitment/internal/pgtest"
)

// TestTenantsLead holds what docs/scaling.md says of distributing the tables by tenant: the
// tenant leads every unique rule and every foreign key between tables of tenants. The
// primary keys are the ids alone, each beside a unique rule that the tenant leads.
func TestTenantsLead(t *testing.T) {
	t.Parallel()
	f := &fixture{owner: pgtest.Open(t, pgtest.OwnerURL(t))}
	for _, table := range entmigrate.Tenants {
		lines := f.lines(t, fmt.Sprintf(`
			SELECT 'unique rule ' || i.relname || ' begins with ' || a.attname
			FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
			WHERE x.indrelid = '%[1]s'::regclass AND x.indisunique AND NOT x.indisprimary AND a.attname <> 'tenant_id'
			UNION ALL
			SELECT 'foreign key ' || c.conname || ' begins with ' || a.attname
			FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND c.conrelid = '%[1]s'::regclass AND a.attname <> 'tenant_id'
				AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.confrelid AND attname = 'tenant_id')
			ORDER BY 1`, table))
		if diff := cmp.Diff([]string(nil), lines); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table, diff)
		}
		if n := pgtest.Value[int](t, f.owner, `SELECT count(*) FROM pg_index x WHERE indrelid = $1::regclass AND indisunique
			AND (SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey::int2[])) = '{id,tenant_id}'`, table); n != 1 {
			t.Errorf("%s has %d unique rules on tenant_id and id, want 1", table, n)
		}
	}
}
