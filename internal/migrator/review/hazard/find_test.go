package hazard_test

import (
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
	"commitment/internal/pgtest"
)

func TestFind(t *testing.T) {
	t.Parallel()
	s := openServer(t, pgtest.ServerURL(t))
	find := func(t *testing.T, sql string) []hazard.Finding {
		t.Helper()
		return hazard.Find(run(t, s.database(t, ""), []migrate.File{migrate.NewLocalFile("1_a.sql", []byte(sql))})[0])
	}

	t.Run("says what, where, why and how else", func(t *testing.T) {
		t.Parallel()
		want := []hazard.Finding{{
			Code: "PG101", Severity: hazard.Warning, Evidence: hazard.Measured, Timed: true,
			Title:  "writes to t are blocked while index i is built",
			Reason: "CREATE INDEX reads the whole table, and every INSERT, UPDATE and DELETE waits until it is done. The lock is held until the end of the file, one statement later.",
			File:   "1_a.sql", Line: 3, Statement: 2, Table: "t", Lock: "SHARE on t",
			Advice: "Build it CONCURRENTLY, in a file of its own without a transaction.",
			Fix: []plan.Step{{
				SQL: "CREATE INDEX CONCURRENTLY i ON t (m)", Alone: true,
				Comment: "Built while others write; can't run in a transaction",
			}},
		}}
		if diff := cmp.Diff(want, find(t, "SELECT 1;\n-- why\nCREATE INDEX i ON t (m);\nSELECT 2;")); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	})

	t.Run("says which line's lock is held while another statement works", func(t *testing.T) {
		t.Parallel()
		found := find(t, "ALTER TABLE t ADD COLUMN c int;\nSELECT 1;\nCREATE INDEX i ON bare (k);")
		i := slices.IndexFunc(found, func(f hazard.Finding) bool { return f.Code == "CM170" })
		if i < 0 {
			t.Fatal("CM170 isn't found")
		}
		want := "line 1 holds ACCESS EXCLUSIVE on t while this scans bare"
		if f := found[i]; f.Title != want || f.Line != 3 || f.Lock != "ACCESS EXCLUSIVE on t" {
			t.Errorf("finding = line %d, %s, %s, want line 3 and %s", f.Line, f.Lock, f.Title, want)
		}
	})

	t.Run("takes a table of an earlier file to have rows", func(t *testing.T) {
		t.Parallel()
		all := run(t, s.database(t, ""), []migrate.File{
			migrate.NewLocalFile("1_a.sql", []byte("CREATE TABLE fresh (n int);")),
			migrate.NewLocalFile("2_b.sql", []byte("CREATE INDEX ON fresh (n);")),
		})
		if got := codesOf(hazard.Find(all[1])); got != "PG101:w" {
			t.Errorf("codes = %q, want PG101:w", got)
		}
	})

	t.Run("finds nothing in no statements", func(t *testing.T) {
		t.Parallel()
		if found := hazard.Find(nil); len(found) != 0 {
			t.Errorf("findings = %+v, want none", found)
		}
	})
}

func TestFindTruncatesALongNameBetweenCharacters(t *testing.T) {
	t.Parallel()
	kept := strings.Repeat("a", 62)
	found := hazard.Find([]trace.Statement{{SQL: "CREATE TABLE " + kept + "éé ()"}})
	if want := kept + "éé is truncated to " + kept; len(found) != 1 || found[0].Title != want {
		t.Errorf("findings = %+v, want one that says %q", found, want)
	}
}

func TestFindOffersNoFixThatLeavesAStoredColumnAsItIs(t *testing.T) {
	t.Parallel()
	added := []catalog.Column{
		{Name: "g", Type: "text", Position: 1, Generated: true},
		{Name: "r", Type: "double precision", Position: 2, Default: "random()"},
	}
	key := []catalog.Constraint{{Name: "t_pkey", Type: catalog.PrimaryKey, Columns: []string{"id"}}}
	found := hazard.Find([]trace.Statement{{
		SQL:      "ALTER TABLE t ADD COLUMN g text GENERATED ALWAYS AS ('x') STORED, ADD COLUMN r float DEFAULT random()",
		Rewrites: []string{"t"},
		Before:   catalog.Schema{Tables: []catalog.Table{{OID: 1, Name: "t", Constraints: key}}},
		After:    catalog.Schema{Tables: []catalog.Table{{OID: 1, Name: "t", Columns: added, Constraints: key}}},
	}})
	fixable := map[string]bool{}
	for _, f := range found {
		fixable[f.Code] = len(f.Fix) > 0
	}
	if diff := cmp.Diff(map[string]bool{"CM122": false, "PG302": true}, fixable); diff != "" {
		t.Errorf("codes with a fix (-want +got):\n%s", diff)
	}
}

// TestOpenDropsWhatALaterFileSettles adds a foreign key in one file, and its index in
// the next.
func TestOpenDropsWhatALaterFileSettles(t *testing.T) {
	t.Parallel()
	schema := func(t catalog.Table) catalog.Schema {
		t.OID, t.Name = 1, "entries"
		t.Columns = []catalog.Column{{Name: "owner_id", Position: 1, Type: "uuid"}}
		return catalog.Schema{Tables: []catalog.Table{t}}
	}
	key := []catalog.Constraint{{Name: "k", OID: 2, Type: catalog.ForeignKey, Columns: []string{"owner_id"}, References: "owners"}}
	plain, keyed := schema(catalog.Table{}), schema(catalog.Table{Constraints: key})
	indexed := schema(catalog.Table{Constraints: key, Indexes: []catalog.Index{{Name: "i", Columns: []string{"owner_id"}, Valid: true}}})
	stmts := []trace.Statement{{SQL: "ALTER TABLE entries ADD FOREIGN KEY (owner_id) REFERENCES owners NOT VALID", Before: plain, After: keyed}}
	found := func() []hazard.Finding {
		return slices.DeleteFunc(hazard.Find(stmts), func(f hazard.Finding) bool { return f.Code != "CM143" })
	}
	if n := len(hazard.Open(found(), stmts, keyed)); n != 1 {
		t.Errorf("findings without an index = %d, want 1", n)
	}
	if n := len(hazard.Open(found(), stmts, indexed)); n != 0 {
		t.Errorf("findings with the later file's index = %d, want 0", n)
	}
}

// TestOpenDropsWhatALaterFileProtects creates a table of tenants in one file, and its
// policy in the next.
func TestOpenDropsWhatALaterFileProtects(t *testing.T) {
	t.Parallel()
	s := openServer(t, pgtest.ServerURL(t))
	db := s.database(t, tenants)
	all := run(t, db, []migrate.File{
		migrate.NewLocalFile("1_a.sql", []byte("CREATE TABLE b (tenant_id int, id bigint, PRIMARY KEY (tenant_id, id));")),
		migrate.NewLocalFile("2_b.sql", []byte("ALTER TABLE b ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n"+
			"CREATE POLICY one ON b USING (tenant_id = (SELECT current_setting('app.tenant')::int));")),
	})
	if got := codesOf(hazard.Open(hazard.Find(all[0]), all[0], all[0][0].After)); got != "CM221:e" {
		t.Errorf("codes without the policy = %q, want CM221:e", got)
	}
	if got := codesOf(hazard.Open(hazard.Find(all[0]), all[0], schema(t, db))); got != "" {
		t.Errorf("codes with the later file's policy = %q, want none", got)
	}
}

// TestALockFromBeforeIsAnEarlierStatements scans under the lock of another statement.
func TestALockFromBeforeIsAnEarlierStatements(t *testing.T) {
	t.Parallel()
	schema := catalog.Schema{Tables: []catalog.Table{{Name: "entries", OID: 1}}}
	lock := []trace.Lock{{Relation: "entries", Mode: "ACCESS EXCLUSIVE"}}
	stmts := []trace.Statement{
		{Line: 1, SQL: "ALTER TABLE entries ADD COLUMN n int", Transaction: true, Locks: lock, Before: schema, After: schema},
		{Line: 3, SQL: "UPDATE entries SET n = 1", Transaction: true, Held: lock, Before: schema, After: schema},
	}
	found := hazard.Find(stmts)
	i := slices.IndexFunc(found, func(f hazard.Finding) bool { return f.Code == "CM181" })
	if i < 0 {
		t.Fatalf("findings = %+v, want CM181 among them", found)
	}
	if f := found[i]; f.HeldSince != 1 || f.Line != 3 || !f.OnlyMoves(stmts[1].SQL) || f.OnlyMoves(stmts[0].SQL) {
		t.Errorf("finding = %+v, want one of line 3 under a lock held since line 1, whose fix only moves the statement", f)
	}
}
