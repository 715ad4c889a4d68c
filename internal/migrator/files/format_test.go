package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/migratortest"
)

// formats are directories of other tools, with the migrations that they have.
var formats = map[string]struct {
	format files.Format
	files  map[string]string
	want   []migrationIn
}{
	"numbers order as numbers, and a file's own transaction is its only one": {
		files.GolangMigrate,
		map[string]string{
			"1_a.up.sql":   "-- first\nBEGIN;\nCREATE TABLE a ();\nCOMMIT;\n",
			"1_a.down.sql": "BEGIN;\nDROP TABLE a;\nCOMMIT;\n",
			"9_b.down.sql": "DROP INDEX CONCURRENTLY b;\n",
			"10_c.up.sql":  "CREATE TABLE c ();\nCREATE INDEX CONCURRENTLY x ON c ((1));\n",
			"9_b.up.sql":   "CREATE INDEX CONCURRENTLY b ON a ((1));\n",
			"README.sql":   "no migration",
		},
		[]migrationIn{
			{"1_a.up.sql", "00000000000001", "a", true, []string{"3: CREATE TABLE a ();"}, []string{"1_a.down.sql in one transaction", "2: DROP TABLE a;"}},
			{"9_b.up.sql", "00000000000009", "b", false, []string{"1: CREATE INDEX CONCURRENTLY b ON a ((1));"}, []string{"9_b.down.sql", "1: DROP INDEX CONCURRENTLY b;"}},
			{"10_c.up.sql", "00000000000010", "c", true, []string{"1: CREATE TABLE c ();", "2: CREATE INDEX CONCURRENTLY x ON c ((1));"}, nil},
		},
	},
	"what reverts a file isn't part of it": {
		files.Goose,
		map[string]string{
			"00001_a.sql":          "-- +goose Up\n-- +goose StatementBegin\nDO $$ BEGIN PERFORM 1; END $$;\n-- +goose StatementEnd\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n",
			"20260101000000_b.sql": "--+goose NO TRANSACTION\n\n-- +goose Up\nVACUUM;\n-- +goose Down\nREINDEX TABLE a;\n",
			"20260102000000_c.sql": "-- +goose Up\nCREATE TABLE c ();\n-- +goose Down\n-- nothing\n",
			"seed.sql":             "INSERT INTO a DEFAULT VALUES;\n",
		},
		[]migrationIn{
			{"00001_a.sql", "00000000000001", "a", true, []string{"3: DO $$ BEGIN PERFORM 1; END $$;", "5: CREATE TABLE a ();"}, []string{"00001_a.sql in one transaction", "7: DROP TABLE a;"}},
			{"20260101000000_b.sql", "20260101000000", "b", false, []string{"4: VACUUM;"}, []string{"20260101000000_b.sql", "6: REINDEX TABLE a;"}},
			{"20260102000000_c.sql", "20260102000000", "c", true, []string{"2: CREATE TABLE c ();"}, nil},
		},
	},
	"dbmate's options are read": {
		files.DBMate,
		map[string]string{
			"20260101000000_a.sql": "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a ON b (c);\n\n-- migrate:down\nDROP INDEX a;\n",
			"20260102000000_d.sql": "-- migrate:up\nCREATE INDEX d ON b (c);\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY d;\n",
		},
		[]migrationIn{
			{"20260101000000_a.sql", "20260101000000", "a", false, []string{"2: CREATE INDEX CONCURRENTLY a ON b (c);"}, []string{"20260101000000_a.sql in one transaction", "5: DROP INDEX a;"}},
			{"20260102000000_d.sql", "20260102000000", "d", true, []string{"2: CREATE INDEX d ON b (c);"}, []string{"20260102000000_d.sql", "4: DROP INDEX CONCURRENTLY d;"}},
		},
	},
	"a baseline of Flyway's stands for what is before it": {
		files.Flyway,
		map[string]string{
			"V1__a.sql":           "CREATE TABLE a ();\n",
			"B2__b.sql":           "CREATE TABLE b ();\n",
			"V2.0__c.sql":         "CREATE TABLE c ();\n",
			"U2.9.0__undo.sql":    "DROP TABLE d;\n",
			"U2_10__e.sql":        "CREATE INDEX CONCURRENTLY e ON d ((1));\n",
			"U3__undo.sql":        "DROP TABLE f;\n",
			"deeper/V2.10__e.sql": "DROP INDEX CONCURRENTLY e;\n",
			"V2_9__d.sql":         "CREATE TABLE d ();\n",
		},
		[]migrationIn{
			{"B2__b.sql", "00000000000002", "b", true, []string{"1: CREATE TABLE b ();"}, nil},
			{"V2_9__d.sql", "00000000000002.00000000000009", "d", true, []string{"1: CREATE TABLE d ();"}, []string{"U2.9.0__undo.sql in one transaction", "1: DROP TABLE d;"}},
			{"deeper/V2.10__e.sql", "00000000000002.00000000000010", "e", false, []string{"1: DROP INDEX CONCURRENTLY e;"}, []string{"U2_10__e.sql", "1: CREATE INDEX CONCURRENTLY e ON d ((1));"}},
		},
	},
}

// migrationIn is a migration as others see it.
type migrationIn struct {
	Name, Version, Desc string
	Transaction         bool
	Statements          []string // each with its line
	Revert              []string // its file, and its statements as above
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for name, tt := range formats {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := open(t, folderOf(t, tt.files))
			if dir.Format != tt.format {
				t.Errorf("format = %s, want %s", dir.Format, tt.format)
			}
			if diff := cmp.Diff(tt.want, migrationsIn(t, dir)); diff != "" {
				t.Errorf("migrations (-want +got):\n%s", diff)
			}
			if err := migration.Validate(dir); err != nil {
				t.Errorf("validate = %v, want success without an atlas.sum", err)
			}
			if _, err := dir.Writable(); err == nil {
				t.Error("it may be written, want an error")
			}
		})
	}
}

func TestFormatsRefuse(t *testing.T) {
	t.Parallel()
	for want, contents := range map[string]map[string]string{
		"repeatable migrations aren't supported": {"V1__a.sql": "SELECT 1;", "R__b.sql": "SELECT 2;"},
		"2_b.sql has no line -- +goose Up":       {"1_a.sql": "-- +goose Up\nSELECT 1;", "2_b.sql": "SELECT 2;"},
		"2_b.go is a migration in Go":            {"1_a.sql": "-- +goose Up\nSELECT 1;", "2_b.go": "package x"},
	} {
		dir, err := files.Open(folderOf(t, contents), "")
		if err == nil {
			_, err = dir.Files()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want one with %q", err, want)
		}
	}
}

// TestCompareOtherTools edits a comment, which is no change where no sum was written.
func TestCompareOtherTools(t *testing.T) {
	t.Parallel()
	path := folderOf(t, map[string]string{"1_a.up.sql": "-- a\nSELECT 1;\n", "2_b.up.sql": "SELECT 2;\n", "2_b.down.sql": ""})
	migratortest.Git(t, path, "init", "--quiet", "--initial-branch=main")
	migratortest.Git(t, path, "add", "--all")
	migratortest.Git(t, path, "commit", "--quiet", "--message=migrations")
	write(t, path, map[string]string{"1_a.up.sql": "-- b\nSELECT 1;\n", "2_b.up.sql": "SELECT 3;\n", "10_c.up.sql": "SELECT 4;\n"})
	dir := open(t, path)
	base, err := files.ReadBase(t.Context(), dir, "main")
	if err != nil {
		t.Fatal(err)
	}
	now, err := dir.Files()
	if err != nil {
		t.Fatal(err)
	}
	d := base.Compare(now)
	if len(d.Edited) != 1 || d.Edited[0].Name() != "2_b.up.sql" || len(d.New) != 1 || d.New[0].Name() != "10_c.up.sql" || len(d.Removed) > 0 {
		t.Errorf("difference = %+v, want 2_b edited and 10_c new", d)
	}
	if late := base.OutOfOrder(d.New); len(late) > 0 {
		t.Errorf("out of order = %v, want none", late)
	}
}

func folderOf(t *testing.T, contents map[string]string) string {
	t.Helper()
	path := t.TempDir()
	write(t, path, contents)
	return path
}

func write(t *testing.T, path string, contents map[string]string) {
	t.Helper()
	for name, content := range contents {
		name = filepath.Join(path, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, path string) *files.Dir {
	t.Helper()
	dir, err := files.Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func migrationsIn(t *testing.T, dir migrate.Dir) []migrationIn {
	t.Helper()
	all, err := dir.Files()
	if err != nil {
		t.Fatal(err)
	}
	var found []migrationIn
	for _, f := range all {
		stmts, within := contents(t, f)
		m := migrationIn{f.Name(), f.Version(), f.Desc(), within, stmts, nil}
		if own, ok := f.(interface{ Revert() migrate.File }); ok && own.Revert() != nil {
			stmts, within := contents(t, own.Revert())
			head := own.Revert().Name()
			if within {
				head += " in one transaction"
			}
			m.Revert = append([]string{head}, stmts...)
		}
		found = append(found, m)
	}
	return found
}

// contents are the statements of a file, each with its line, and whether they run in one
// transaction.
func contents(t *testing.T, f migrate.File) (all []string, within bool) {
	t.Helper()
	stmts, err := migration.Statements(f)
	if err != nil {
		t.Fatal(err)
	}
	if within, err = migration.InTransaction(f); err != nil {
		t.Fatal(err)
	}
	for _, s := range stmts {
		line := 1 + strings.Count(string(f.Bytes()[:s.Pos]), "\n")
		all = append(all, fmt.Sprintf("%d: %s", line, s.Text))
	}
	return all, within
}
