package plan_test

import (
	"os"
	osexec "os/exec"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect/sql/schema"

	"commitment/internal/migration"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/pgtest"
)

// TestAtlasCLITakesAPlan has a plan of several files validated and applied by the
// Atlas CLI.
func TestAtlasCLITakesAPlan(t *testing.T) {
	t.Parallel()
	if os.Getenv("ATLAS_CLI") == "" {
		t.Skip("this test needs the Atlas CLI: ATLAS_CLI has to be the path of a community build")
	}
	s, dir := migratortest.Server(t), directory(t)
	diff(t, s, dir, "begin", tables(table("owners"), table("items", nullable(text("name", 20)), number("gone"))).entities())
	owners := table("owners")
	items := withEdge(table("items", text("name", 20), number("size")), owners, "owner")
	withIndex(withChecks(items, map[string]string{"size_positive": "size > 0"}), &schema.Index{Name: "items_name", Unique: true}, "name")
	want := tables(owners, items).entities()
	added := diff(t, s, dir, "change", want)
	var names []string
	for _, f := range added {
		names = append(names, f.Name())
	}
	for _, ending := range []string{"_change.sql", "_change_validate.sql", "_change_index.sql", "_change_not_null_contract.sql", "_change_contract.sql"} {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, ending) }) {
			t.Errorf("files = %v, want one that ends with %s", names, ending)
		}
	}

	url := pgtest.EmptyURL(t) + "&search_path=public"
	atlasMigrate(t, dir, "validate", "--dev-url", url)
	atlasMigrate(t, dir, "apply", "--url", url)
	status, err := migration.ReadStatus(t.Context(), pgtest.Open(t, url), dir)
	if err != nil || !status.UpToDate() {
		t.Errorf("status = %+v, %v, want up to date", status, err)
	}
	if err := want.Check(t.Context(), s, dir); err != nil {
		t.Errorf("check: %v", err)
	}
}

// atlasMigrate runs a command of the CLI on dir, which is to succeed.
func atlasMigrate(t *testing.T, dir *migrate.LocalDir, args ...string) {
	t.Helper()
	args = append([]string{"migrate"}, append(args, "--dir", "file://"+dir.Path())...)
	cmd := osexec.CommandContext(t.Context(), os.Getenv("ATLAS_CLI"), args...)
	cmd.Dir = t.TempDir() // without an atlas.hcl
	cmd.Env = append(os.Environ(), "ATLAS_NO_UPDATE_NOTIFIER=1", "ATLAS_NO_ANON_TELEMETRY=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("atlas migrate %s: %v\n%s", args[1], err, out)
	}
}
