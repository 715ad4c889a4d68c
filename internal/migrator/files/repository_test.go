package files_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/migratortest"
)

// repository is a git repository with a folder of migrations.
type repository struct {
	t   *testing.T
	top string
	dir *migrate.LocalDir
}

// newRepository has one commit on the branch main, with these files.
func newRepository(t *testing.T, names ...string) *repository {
	t.Helper()
	r := &repository{t: t, top: t.TempDir()}
	if err := os.MkdirAll(r.path(""), 0o750); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.dir, err = migrate.NewLocalDir(r.path("")); err != nil {
		t.Fatal(err)
	}
	migratortest.Git(r.t, r.top, "init", "--quiet", "--initial-branch=main")
	r.add(names...)
	r.commit()
	return r
}

func (r *repository) path(name string) string {
	return filepath.Join(r.top, "ent", "migrations", name)
}

func (r *repository) commit() {
	r.t.Helper()
	migratortest.Git(r.t, r.top, "add", "--all")
	migratortest.Git(r.t, r.top, "commit", "--quiet", "--allow-empty", "--message=migrations")
}

func (r *repository) write(name, content string) {
	r.t.Helper()
	if err := r.dir.WriteFile(name, []byte(content)); err != nil {
		r.t.Fatal(err)
	}
}

// add writes files, each of which makes a table of its name, and atlas.sum.
func (r *repository) add(names ...string) {
	r.t.Helper()
	for _, name := range names {
		table := strings.TrimSuffix(name[strings.Index(name, "_")+1:], ".sql")
		r.write(name, "CREATE TABLE "+table+" (id bigint PRIMARY KEY);\n")
	}
	r.hash()
}

func (r *repository) hash() {
	r.t.Helper()
	if _, err := files.Hash(r.dir); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repository) remove(name string) {
	r.t.Helper()
	if err := os.Remove(r.path(name)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repository) base(ref string) files.Base {
	r.t.Helper()
	b, err := files.ReadBase(r.t.Context(), &files.Dir{LocalDir: r.dir, Format: files.Atlas}, ref)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func (r *repository) compare(ref string) files.Difference {
	r.t.Helper()
	return r.base(ref).Compare(r.files())
}

func (r *repository) files() []migrate.File {
	r.t.Helper()
	all, err := r.dir.Files()
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func names(all []migrate.File) []string {
	var list []string
	for _, f := range all {
		list = append(list, f.Name())
	}
	return list
}

// contents are the files that dir has, with atlas.sum.
func (r *repository) contents() map[string]string {
	r.t.Helper()
	entries, err := os.ReadDir(r.path(""))
	if err != nil {
		r.t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(r.path(e.Name()))
		if err != nil {
			r.t.Fatal(err)
		}
		all[e.Name()] = string(content)
	}
	return all
}

func (r *repository) wantNames(want ...string) {
	r.t.Helper()
	got := slices.DeleteFunc(slices.Sorted(maps.Keys(r.contents())), func(name string) bool { return name == migrate.HashFileName })
	if !slices.Equal(got, want) {
		r.t.Errorf("files = %q, want %q", got, want)
	}
}

func (r *repository) wantValid() {
	r.t.Helper()
	if err := migration.Validate(r.dir); err != nil {
		r.t.Error(err)
	}
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error = %v, want one with %q", err, text)
	}
}
