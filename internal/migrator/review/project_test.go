package review_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/files"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

var today = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// folder is where a project of the tests keeps its migrations.
const folder = "ent/migrations"

// project is a git repository with migrations, on the branch "topic". Its branch
// "main" has one, which makes the table products.
type project struct {
	t    *testing.T
	root string
	dir  *migrate.LocalDir
}

const (
	productsFile = "20260101000000_products.sql"
	products     = "CREATE TABLE products (id bigint PRIMARY KEY, name varchar(50) NOT NULL, note text);\n"
)

func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{t: t, root: t.TempDir()}
	path := filepath.Join(p.root, filepath.FromSlash(folder))
	if err := os.MkdirAll(path, 0o750); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.dir, err = migrate.NewLocalDir(path); err != nil {
		t.Fatal(err)
	}
	migratortest.Git(p.t, p.root, "init", "--quiet", "--initial-branch=main")
	p.add(productsFile, products)
	p.commit()
	migratortest.Git(p.t, p.root, "checkout", "--quiet", "-b", "topic")
	return p
}

func (p *project) commit() {
	p.t.Helper()
	migratortest.Git(p.t, p.root, "add", "--all")
	migratortest.Git(p.t, p.root, "commit", "--quiet", "--allow-empty", "--message=migrations")
}

// onMain makes a change on the branch main.
func (p *project) onMain(change func()) {
	p.t.Helper()
	p.commit()
	migratortest.Git(p.t, p.root, "checkout", "--quiet", "main")
	change()
	p.commit()
	migratortest.Git(p.t, p.root, "checkout", "--quiet", "topic")
}

// add writes a migration, and atlas.sum.
func (p *project) add(name, text string) {
	p.t.Helper()
	p.write(folder+"/"+name, text)
	p.hash()
}

// remove removes a migration, and updates atlas.sum.
func (p *project) remove(name string) {
	p.t.Helper()
	if err := os.Remove(filepath.Join(p.dir.Path(), name)); err != nil {
		p.t.Fatal(err)
	}
	p.hash()
}

func (p *project) hash() {
	p.t.Helper()
	if _, err := files.Hash(p.dir); err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) write(path, text string) {
	p.t.Helper()
	path = filepath.Join(p.root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// options review the branch against main.
func (p *project) options() review.Options {
	p.t.Helper()
	return review.Options{Dir: &files.Dir{LocalDir: p.dir, Format: files.Atlas}, Root: p.root, Dev: migratortest.Server(p.t), Selection: review.Selection{Base: "main"}, Now: today}
}

func (p *project) review() review.Report {
	p.t.Helper()
	return run(p.t, p.options())
}

func run(t *testing.T, o review.Options) review.Report {
	t.Helper()
	r, err := review.Run(t.Context(), o)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return r
}

// places are findings as "severity code file:line", those of the severities only.
func places(found []hazard.Finding, severities ...hazard.Severity) []string {
	var all []string
	for _, f := range found {
		if slices.Contains(severities, f.Severity) {
			all = append(all, string(f.Severity)+" "+f.Code+" "+f.File+":"+strconv.Itoa(f.Line))
		}
	}
	return all
}

// errorsOf are the errors of a report that nothing suppresses.
func errorsOf(r review.Report) []string {
	return places(slices.DeleteFunc(r.All(), func(f hazard.Finding) bool { return f.Suppressed != "" }), hazard.Error)
}

func codesAt(r review.Report, file string, line int) []string {
	var all []string
	for _, f := range r.All() {
		if f.File == file && f.Line == line {
			all = append(all, f.Code)
		}
	}
	return all
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error = %v, want one with %q", err, text)
	}
}
