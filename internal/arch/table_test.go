package arch

import (
	"fmt"
	"slices"
	"testing"
)

// A rule is a row of the table of imports. It applies to the files that ship. Tests may
// also import their own package's row, the rows below it and the test helpers, and any
// other module.
type rule struct {
	// pkg is the package's path in the module, "." for the top. With a final "/..." it
	// stands for all packages at and below the path without a row of their own.
	pkg string
	// may lists the rows that the package may import; below stands for all lower rows.
	may []string
	// never lists the packages of other modules and the standard library that the
	// package may not import.
	never []string
	// helper marks a test helper, which all tests may import.
	helper bool
}

// below, in a row's may, stands for all lower rows.
const below = "..."

var (
	noSQL  = []string{"database/sql/...", "github.com/jackc/pgx/..."}
	noHTTP = []string{"net/http/...", "github.com/go-chi/...", "github.com/danielgtaylor/huma/..."}
	// banned may not be imported at all: pgx is the only driver.
	banned = []string{"github.com/lib/pq/..."}
)

// table is the map of the layers, from the top down: a row imports only lower rows.
var table = rules{
	{pkg: "internal/cli/clitest", may: []string{"internal/cli", "internal/migration", "internal/pgtest"}, never: noHTTP, helper: true},
	{pkg: "internal/migrator/migratortest", may: []string{"internal/migrator/dev", "internal/pgtest"}, never: noHTTP, helper: true},
	{pkg: "internal/migration/migrationtest", may: []string{"internal/migration", "internal/pgtest"}, never: noHTTP, helper: true},
	{pkg: "internal/rest/resttest", may: []string{"internal/rest"}, never: noHTTP, helper: true},
	{pkg: "internal/pgtest/rowtest", may: []string{"ent/..."}, never: noHTTP, helper: true},
	{pkg: "internal/pgtest/pgbouncer", may: []string{"internal/pgtest"}, never: noHTTP, helper: true},
	{pkg: "internal/pgtest/replica", may: []string{"internal/pgtest", "internal/pgserver"}, never: noHTTP, helper: true},
	{pkg: "internal/pgtest", may: []string{"internal/pgtest/pgproxy", "internal/migration", "internal/pgserver", "internal/schemakit", "ent/runtime"}, never: noHTTP, helper: true},
	{pkg: "internal/pgtest/pgproxy", never: noHTTP, helper: true},
	{pkg: "internal/openapitest", never: noSQL, helper: true},
	{pkg: "internal/buildtest", never: slices.Concat(noHTTP, noSQL), helper: true},
	{pkg: "internal/logtest", never: slices.Concat(noHTTP, noSQL), helper: true},
	{pkg: "cmd/new", may: []string{"internal/project"}},
	{pkg: "internal/project", may: []string{"."}, never: noHTTP},
	{pkg: "internal/chaos"},
	{pkg: "internal/arch"},
	{pkg: "."},
	{pkg: "internal/entgen", may: []string{"internal/schemakit", "internal/schemakit/rest"}},

	{pkg: "cmd/migrate", may: []string{"internal/migrator", "internal/cli"}},
	{pkg: "internal/migrator", may: []string{below}, never: noHTTP},
	{pkg: "internal/migrator/report", may: []string{
		"internal/migrator/review", "internal/migrator/review/revert", "internal/migrator/review/compat", "internal/migrator/review/hazard",
		"internal/migrator/review/trace", "internal/migrator/plan", "internal/migration", "internal/migration/catalog", "internal/printable", "docs/codes",
	}, never: slices.Concat(noHTTP, noSQL)},
	{pkg: "docs/codes", never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/migrator/review", may: []string{
		"internal/migrator/files", "internal/migrator/review/stats", "internal/migrator/review/revert", "internal/migrator/review/compat",
		"internal/migrator/review/hazard", "internal/migrator/review/trace", "internal/migrator/review/rows", "internal/migrator/plan",
		"internal/migrator/dev", "internal/migration", "internal/migration/catalog",
	}, never: noHTTP},
	{pkg: "internal/migrator/review/stats", never: noHTTP},
	{pkg: "internal/migrator/review/revert", may: []string{
		"internal/migrator/review/trace", "internal/migrator/review/hazard", "internal/migrator/review/rows", "internal/migrator/dev", "internal/migration",
		"internal/migration/catalog", "internal/sqltoken",
	}, never: noHTTP},
	{pkg: "internal/migrator/review/compat", may: []string{"internal/migration/catalog", "internal/schemakit", "internal/sqltoken"}, never: noHTTP},
	{pkg: "internal/migrator/review/hazard", may: []string{
		"internal/migrator/review/trace", "internal/migrator/plan", "internal/migration/catalog", "internal/sqltoken",
	}, never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/migrator/review/trace", may: []string{"internal/migration", "internal/migration/catalog", "internal/sqltoken"}, never: noHTTP},
	{pkg: "internal/migrator/review/rows", may: []string{"internal/migration", "internal/migration/catalog", "internal/sqltoken"}, never: noHTTP},
	{pkg: "internal/migrator/files", may: []string{"internal/migrator/plan", "internal/migrator/dev", "internal/migration"}, never: noHTTP},
	{pkg: "internal/migrator/plan", may: []string{
		"internal/migrator/dev", "internal/migration", "internal/migration/catalog", "internal/sqltoken", "internal/schemakit", "ent/migrate",
	}, never: noHTTP},
	{pkg: "internal/migrator/atlasfile", never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/migrator/dev", may: []string{"internal/sqltoken"}, never: noHTTP},

	{pkg: "cmd/commitment", may: []string{"internal/cli"}},
	{pkg: "internal/cli", may: []string{
		"internal/app", "internal/config", "internal/migration", "internal/migration/catalog", "internal/pgserver", "internal/printable",
		"internal/authn", "internal/jobs", "internal/identity", "internal/postgres", "internal/txn", "ent/...",
	}},
	{pkg: "internal/app", may: []string{below}},
	{pkg: "internal/tracing", may: []string{"internal/middleware", "internal/txn", "internal/pgtx", "internal/sqltoken"}},

	{pkg: "internal/httpapi", may: []string{
		"internal/identity", "internal/tenancy", "internal/middleware", "internal/idempotency", "internal/reqtx", "internal/ledger", "internal/txn", "internal/replicas", "internal/problem", "internal/fault", "internal/rest", "internal/schemakit", "ent/...",
	}, never: noSQL},
	{pkg: "internal/idempotency", may: []string{"internal/identity", "internal/reqtx", "internal/txn", "internal/fault", "internal/schemakit", "ent/..."}},
	{pkg: "internal/reqtx", may: []string{"internal/middleware", "internal/txn"}},
	{pkg: "internal/middleware", may: []string{"internal/problem", "internal/fault"}, never: noSQL},
	{pkg: "internal/authn/devissuer", may: []string{"internal/authn"}, never: noSQL},
	{pkg: "internal/authn", may: []string{
		"internal/problem", "internal/txn", "internal/schemakit", "internal/identity", "internal/fault", "ent/...",
	}, never: noSQL},
	{pkg: "internal/problem", may: []string{"internal/fault"}, never: noSQL},

	{pkg: "internal/migration", may: []string{"internal/migration/catalog", "internal/sqltoken", "ent/migrate/migrations"}, never: noHTTP},
	{pkg: "internal/migration/catalog", may: []string{"internal/sqltoken"}, never: noHTTP},
	{pkg: "internal/telemetry"},

	{pkg: "internal/webhook", may: []string{"internal/ledger", "internal/tenancy", "internal/txn", "internal/identity", "ent/..."}, never: noSQL},
	{pkg: "internal/ledger", may: []string{"internal/jobs", "internal/txn", "internal/schemakit", "internal/fault", "ent/..."}, never: noHTTP},
	{pkg: "internal/jobs", may: []string{"internal/tenancy", "internal/txn", "internal/identity", "internal/fault"}, never: noHTTP},
	// Only programs and tests import ent/runtime, which imports the schemas, so
	// that hooks and policies in ent/schema may import the rows below.
	{pkg: "ent/enttest", may: []string{below}, never: noHTTP},
	{pkg: "ent/runtime", may: []string{below}, never: noHTTP},
	{pkg: "ent/schema", may: []string{below}, never: noHTTP},
	{pkg: "internal/tenancy", may: []string{"internal/txn", "internal/schemakit", "internal/identity"}},
	{pkg: "internal/txn", may: []string{"internal/levers", "internal/replicas", "internal/pgtx", "internal/sqlgraph", "internal/sqlscan", "internal/fault", "ent/..."}, never: noHTTP},
	{pkg: "internal/replicas", may: []string{"internal/pgtx"}, never: noHTTP},
	{pkg: "internal/postgres", may: []string{"internal/pgtx", "internal/fault", "internal/sqltoken"}, never: noHTTP},
	{pkg: "internal/pgtx", may: []string{"internal/sqltoken"}, never: noHTTP},
	{pkg: "internal/pgserver"}, // downloads programs
	{pkg: "internal/config", never: noHTTP},

	{pkg: "ent/...", may: []string{"ent/...", below}, never: noHTTP},
	{pkg: "ent/migrate", may: []string{"internal/schemakit"}, never: noHTTP},
	{pkg: "ent/migrate/migrations", never: noHTTP},
	// Types of fields belong here, a row each: generated code imports them, and they
	// import no generated code.
	{pkg: "internal/rest", may: []string{"internal/schemakit", "internal/identity", "internal/fault"}, never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/schemakit", may: []string{"internal/schemakit/rest", "internal/identity"}, never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/sqlgraph", may: []string{"internal/levers", "internal/sqlscan"}, never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/sqlscan", never: noHTTP},
	{pkg: "internal/schemakit/rest", never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/identity", may: []string{"internal/fault"}, never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/levers", never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/fault", never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/printable", never: slices.Concat(noHTTP, noSQL)},
	{pkg: "internal/sqltoken", never: slices.Concat(noHTTP, noSQL)},
}

// rules is a table of imports.
type rules []rule

// upward finds rows that may import a row that isn't below them or doesn't exist, and
// duplicate rows.
func (rs rules) upward() []string {
	var found []string
	index := map[string]int{}
	for i, r := range rs {
		if _, twice := index[r.pkg]; twice {
			found = append(found, r.pkg+" has two rows")
		}
		index[r.pkg] = i
	}
	for i, r := range rs {
		for _, other := range r.may {
			j, known := index[other]
			if other != below && (!known || j < i) {
				found = append(found, fmt.Sprintf("%s may import %s, which isn't below it", r.pkg, other))
			}
		}
	}
	return found
}

func TestTableReadsFromTheTopDown(t *testing.T) {
	t.Parallel()
	for _, line := range table.upward() {
		t.Error(line)
	}
}

func TestUpward(t *testing.T) {
	t.Parallel()
	got := rules{
		{pkg: "a", may: []string{below, "b"}},
		{pkg: "b/...", may: []string{"b/...", "a", "gone"}},
		{pkg: "a"},
		{pkg: "b", may: []string{"b/..."}},
	}.upward()
	want := []string{
		"a has two rows",
		"b/... may import gone, which isn't below it",
		"b may import b/..., which isn't below it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("upward() = %q, want %q", got, want)
	}
}
