package plan_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/plan"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	const version = "20261231235959"
	tests := []struct {
		name  string
		steps []plan.Step
		want  map[string]string
	}{
		{"are none without steps", nil, map[string]string{}},
		{"keep together what may be together", []plan.Step{
			{SQL: "CREATE TABLE a ();\n", Comment: "Why\nand how"}, {SQL: "CREATE TABLE b ()"},
		}, map[string]string{
			"20261231235959_change.sql": "-- Why\n-- and how\nCREATE TABLE a ();\nCREATE TABLE b ();\n",
		}},
		{"give a statement without a transaction a file of its own", []plan.Step{
			{SQL: "CREATE TABLE a ()"}, {SQL: "CREATE INDEX CONCURRENTLY i ON a (b)", Comment: "Why", Alone: true}, {SQL: "CREATE TABLE b ()"},
		}, map[string]string{
			"20261231235959_change.sql":       "CREATE TABLE a ();\n",
			"20270101000000_change_index.sql": "-- atlas:txmode none\n\n-- Why\nCREATE INDEX CONCURRENTLY i ON a (b);\n",
			"20270101000001_change.sql":       "CREATE TABLE b ();\n",
		}},
		{"begin anew where transactions must not be shared", []plan.Step{
			{SQL: "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID"}, {SQL: "ALTER TABLE a VALIDATE CONSTRAINT c", Apart: true}, {SQL: "ALTER TABLE a VALIDATE CONSTRAINT d"},
		}, map[string]string{
			"20261231235959_change.sql":          "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID;\n",
			"20270101000000_change_validate.sql": "ALTER TABLE a VALIDATE CONSTRAINT c;\nALTER TABLE a VALIDATE CONSTRAINT d;\n",
		}},
		{"put what contracts into files that say so", []plan.Step{
			{SQL: "ALTER TABLE a ADD b bigint"}, {SQL: "ALTER TABLE a ADD CONSTRAINT c CHECK (b IS NOT NULL) NOT VALID", Contract: true},
			{Comment: "Fill b", Alone: true, Contract: true}, {SQL: "ALTER TABLE a ALTER b SET NOT NULL", Contract: true},
		}, map[string]string{
			"20261231235959_change.sql":                   "ALTER TABLE a ADD b bigint;\n",
			"20270101000000_change_required_contract.sql": contractHead + "ALTER TABLE a ADD CONSTRAINT c CHECK (b IS NOT NULL) NOT VALID;\n",
			"20270101000001_change_backfill_contract.sql": "-- atlas:txmode none\n\n" + contractHead + "-- Fill b\n",
			"20270101000002_change_not_null_contract.sql": contractHead + "ALTER TABLE a ALTER b SET NOT NULL;\n",
		}},
		{"set apart what is lost, and list it", []plan.Step{
			{SQL: "DROP TABLE a, b", Loses: "table a\ntable b"},
		}, map[string]string{
			"20261231235959_change_contract.sql": "-- This file destroys data, which only a backup has afterwards. Apply it when no running\n" +
				"-- version of the service needs the following any more:\n--   table a\n--   table b\n\nDROP TABLE a, b;\n",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files, err := plan.Files(version, "change", tt.steps)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, contents(files)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

const contractHead = "-- For when no old code is left: migrate apply --phase contract\n\n"

func TestFilesOfAFileThatContracts(t *testing.T) {
	t.Parallel()
	files, err := plan.Files("20261231235959", "drop_b_contract", []plan.Step{{SQL: "SELECT 1"}, {SQL: "ALTER TABLE a VALIDATE CONSTRAINT c", Apart: true}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"20261231235959_drop_b_contract.sql":          "SELECT 1;\n",
		"20270101000000_drop_b_validate_contract.sql": "ALTER TABLE a VALIDATE CONSTRAINT c;\n",
	}
	if diff := cmp.Diff(want, contents(files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestFilesNeedATimeToGoOnFrom(t *testing.T) {
	t.Parallel()
	steps := []plan.Step{{SQL: "SELECT 1"}, {SQL: "SELECT 2", Apart: true}}
	if _, err := plan.Files("1", "change", steps[:1]); err != nil {
		t.Errorf("one file of version 1: %v, want none", err)
	}
	if _, err := plan.Files("1", "change", steps); err == nil {
		t.Error("two files from version 1 = nil, want an error")
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()

	t.Run("adds files, replaces those of the same names and hashes all", func(t *testing.T) {
		t.Parallel()
		dir := directory(t, migrate.NewLocalFile("1_a.sql", []byte("SELECT 1;\n")))
		more := []migrate.File{migrate.NewLocalFile("1_a.sql", []byte("SELECT 2;\n")), migrate.NewLocalFile("2_b.sql", []byte("SELECT 3;\n"))}
		if err := plan.Write(dir, more); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"1_a.sql": "SELECT 2;\n", "2_b.sql": "SELECT 3;\n"}
		if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
			t.Errorf("directory (-want +got):\n%s", diff)
		}
		if err := migrate.Validate(dir); err != nil {
			t.Errorf("validate: %v", err)
		}
		onDisk, err := os.ReadDir(dir.Path())
		if err != nil || len(onDisk) != 3 {
			t.Errorf("on disk = %v, %v, want two files and atlas.sum", onDisk, err)
		}
	})

	t.Run("changes nothing when a file can't be written", func(t *testing.T) {
		t.Parallel()
		dir := directory(t, migrate.NewLocalFile("1_a.sql", []byte("SELECT 1;\n")))
		before := listing(t, dir)
		tooLong := migrate.NewLocalFile("3_"+strings.Repeat("c", 300)+".sql", nil)
		if err := plan.Write(dir, []migrate.File{migrate.NewLocalFile("2_b.sql", nil), tooLong}); err == nil {
			t.Error("write = nil, want an error")
		}
		if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
			t.Errorf("directory (-before +after):\n%s", diff)
		}
		if err := migrate.Validate(dir); err != nil {
			t.Errorf("validate: %v", err)
		}
	})

	t.Run("says so when the directory is gone", func(t *testing.T) {
		t.Parallel()
		dir := directory(t)
		if err := os.RemoveAll(dir.Path()); err != nil {
			t.Fatal(err)
		}
		if err := plan.Write(dir, nil); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("write = %v, want %v", err, os.ErrNotExist)
		}
	})
}

func TestNextVersion(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 1, 2, 3, 4, time.FixedZone("", 3600))
	tests := []struct{ name, newest, want string }{
		{"is the time in UTC", "", "20261122000203"},
		{"is newer than the newest file of the same second", "20261122000203", "20261122000204"},
		{"is newer than a file from the future", "20261231235959", "20270101000000"},
		{"is the time after a version that is no time", "1", "20261122000203"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := plan.After(tt.newest, now); got != tt.want {
				t.Errorf("version = %s, want %s", got, tt.want)
			}
		})
	}
}

func contents(files []migrate.File) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		all[f.Name()] = string(f.Bytes())
	}
	return all
}

// listing is the files of a directory, atlas.sum left out.
func listing(tb testing.TB, dir migrate.Dir) map[string]string {
	tb.Helper()
	files, err := dir.Files()
	if err != nil {
		tb.Fatal(err)
	}
	return contents(files)
}
