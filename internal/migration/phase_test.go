package migration_test

import (
	"errors"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
)

func TestPhaseOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]migration.Phase{
		"1_drop_note_contract.sql": migration.Contract,
		"1_contract.sql":           migration.Contract,
		"1_subcontract.sql":        migration.Expand,
		"1_contract_index.sql":     migration.Expand,
		"1_a.sql":                  migration.Expand,
		"1.sql":                    migration.Expand,
	} {
		if got := migration.PhaseOf(migrate.NewLocalFile(name, nil)); got != want {
			t.Errorf("PhaseOf(%s) = %s, want %s", name, got, want)
		}
	}
}

// A release's first file, one that contracts, and the next release's file.
var (
	first   = []string{"1_a.sql", createA}
	dropped = []string{"2_a_contract.sql", "ALTER TABLE a DROP COLUMN id;\n"}
	next    = []string{"3_b.sql", createB}
)

func join(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func TestApplyPhases(t *testing.T) {
	t.Parallel()
	type run struct {
		dir  []string
		o    migration.ApplyOptions
		want []string // the versions
	}
	everything := join(first, dropped, next)
	expand, contract := migration.ApplyOptions{Phase: migration.Expand}, migration.ApplyOptions{Phase: migration.Contract}
	tests := []struct {
		name string
		runs []run
	}{
		{"leaves a file that contracts for its own phase", []run{
			{first, migration.ApplyOptions{}, []string{"1"}},
			{join(first, dropped), expand, nil},
			{join(first, dropped), contract, []string{"2"}},
			{everything, expand, []string{"3"}},
		}},
		{"passes over a file that contracts, and applies it later", []run{
			{first, expand, []string{"1"}},
			{everything, expand, []string{"3"}},
			{everything, expand, nil},
			{everything, contract, []string{"2"}},
			{everything, migration.ApplyOptions{}, nil},
		}},
		{"applies what was passed over when no phase is given", []run{
			{first, expand, []string{"1"}},
			{everything, expand, []string{"3"}},
			{join(everything, []string{"4_c.sql", "CREATE TABLE c ();\n"}), migration.ApplyOptions{}, []string{"2", "4"}},
		}},
		{"contracts before a newer file expands", []run{
			{first, expand, []string{"1"}},
			{everything, contract, []string{"2"}},
			{everything, expand, []string{"3"}},
		}},
		{"applies everything to a database without migrations", []run{
			{everything, expand, []string{"1", "2", "3"}},
		}},
		{"stops at a version", []run{
			{everything, migration.ApplyOptions{To: "1"}, []string{"1"}},
			{everything, migration.ApplyOptions{To: "1"}, nil},
			{everything, migration.ApplyOptions{To: "2", Phase: migration.Expand}, nil},
			{everything, migration.ApplyOptions{To: "2"}, []string{"2"}},
			{everything, migration.ApplyOptions{}, []string{"3"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := emptyDB(t)
			for i, r := range tt.runs {
				statements, err := migration.DryRun(t.Context(), db, files(t, r.dir...), r.o)
				if err != nil || len(statements) != len(r.want) {
					t.Errorf("DryRun before run %d = %v, %v, want %d statements", i, statements, err, len(r.want))
				}
				revs, err := migration.Apply(t.Context(), db, files(t, r.dir...), r.o)
				if err != nil {
					t.Fatalf("run %d: %v", i, err)
				}
				if diff := cmp.Diff(r.want, versions(revs)); diff != "" {
					t.Errorf("run %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func TestApplyPhaseRefuses(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	apply(t, db, files(t, join(first)...))
	unready := files(t, join(first, []string{"2_b.sql", createB, "3_b_contract.sql", "DROP TABLE b;\n"})...)
	_, err := migration.Apply(t.Context(), db, unready, migration.ApplyOptions{Phase: migration.Contract})
	if early, ok := errors.AsType[*migration.ExpandFirstError](err); !ok || early.Expand != "2_b.sql" || early.Contract != "3_b_contract.sql" {
		t.Errorf("error = %v, want that 2_b.sql comes first", err)
	}
	if _, err := migration.Apply(t.Context(), db, unready, migration.ApplyOptions{To: "4"}); !errors.Is(err, migration.ErrUnknownVersion) {
		t.Errorf("error = %v, want %v", err, migration.ErrUnknownVersion)
	}
	apply(t, db, unready)
	_, err = migration.Apply(t.Context(), db, files(t, join([]string{"0_c.sql", "SELECT 1;\n"}, first, next)...), migration.ApplyOptions{Phase: migration.Expand})
	if _, ok := errors.AsType[*migrate.HistoryNonLinearError](err); !ok {
		t.Errorf("error = %v, want that a file that expands is out of order", err)
	}
}

// TestApplyResumesAFileThatContracts stops one halfway, applies a newer file, and goes
// on.
func TestApplyResumesAFileThatContracts(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	const head = "-- atlas:txmode none\n\nALTER TABLE a ADD COLUMN b bigint;\n"
	apply(t, db, files(t, first...))
	_, err := migration.Apply(t.Context(), db, files(t, join(first, []string{"2_a_contract.sql", head + "SELECT nothing;\n"})...), migration.ApplyOptions{})
	if err == nil {
		t.Fatal("error = nil, want one")
	}
	dir := files(t, join(first, []string{"2_a_contract.sql", head + "ALTER TABLE a DROP COLUMN b;\n"}, next)...)
	if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{Phase: migration.Expand}); err != nil {
		t.Fatal(err)
	}
	s, err := migration.ReadStatus(t.Context(), db, dir)
	if err != nil || !cmp.Equal(names(s.Pending), []string{"2_a_contract.sql"}) || len(s.Lacking()) > 0 {
		t.Errorf("status = %+v, %v, want the file that contracts pending, and none lacking", s, err)
	}
	if got := versions(apply(t, db, dir)); !cmp.Equal(got, []string{"2"}) {
		t.Errorf("applied = %v, want 2", got)
	}
	if got := queryStrings(t, db, "SELECT attname::text FROM pg_attribute WHERE attrelid = 'a'::regclass AND attnum > 0 AND NOT attisdropped"); !cmp.Equal(got, []string{"id"}) {
		t.Errorf("columns of a = %v, want id alone", got)
	}
}

// TestApplyFindsDriftAfterPassingOver changes the schema after a file that isn't the
// newest was applied last.
func TestApplyFindsDriftAfterPassingOver(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	apply(t, db, files(t, first...))
	dir := files(t, join(first, dropped, next)...)
	for _, phase := range []migration.Phase{migration.Expand, migration.Contract} {
		if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{Phase: phase}); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, db, "CREATE TABLE strange ()")
	_, err := migration.Apply(t.Context(), db, files(t, join(first, dropped, next, []string{"4_c.sql", "SELECT 1;\n"})...), migration.ApplyOptions{})
	drift, ok := errors.AsType[*migration.DriftError](err)
	if !ok || len(drift.Changes) != 1 || drift.Changes[0].Name != "strange" {
		t.Errorf("error = %v, want the drift of one table", err)
	}
}
