package main

import (
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/buildtest"
)

// entVersion is the version of Ent whose tests are run: that of go.mod.
const entVersion = "v0.14.5"

// entSuite is a folder of Ent's integration tests.
type entSuite struct {
	name     string
	features string // that it needs beside ours
	extra    string // options of the generator
}

var entSuites = []entSuite{
	{"integration", "gen.FeatureEntQL, gen.FeatureNamedEdges, gen.FeatureBidiEdgeRefs, gen.FeatureGlobalID", `
		c.Templates = append(c.Templates, gen.MustParse(gen.NewTemplate("external").ParseDir("internal/template")))`},
	{"cascadelete", "", ""},
	{"customid", "gen.FeatureEntQL", ""},
	{"edgefield", "gen.FeatureNamedEdges", ""},
	{"edgeschema", "gen.FeatureEntQL", ""},
	{"hooks", "", ""},
	{"idtype", "", `
		c.IDType = &field.TypeInfo{Type: field.TypeUint64}`},
	{"json", "", ""},
	{"privacy", "gen.FeatureEntQL", `
		if err := entc.Dependency(entc.DependencyType(&http.Client{}))(c); err != nil {
			return err
		}`},
}

// TestEntIntegration runs Ent's own integration tests on PostgreSQL with a client as Ent
// generates it and with ours: outside of units of work, with a unit for each statement and
// transaction, and within a single unit. Each test must end in the same way. None of Ent's
// tests are in this repository: ENT_REPOSITORY names the one to clone, and without it the
// test is skipped. It takes ten minutes or more; ENT_SUITES selects folders, separated by
// commas.
//
//	ENT_REPOSITORY=https://github.com/ent/ent go test -v -timeout 60m -run TestEntIntegration ./internal/entgen
func TestEntIntegration(t *testing.T) {
	repository := os.Getenv("ENT_REPOSITORY")
	if repository == "" {
		t.Skip("ENT_REPOSITORY isn't set")
	}
	t.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -mod=mod")) // the tests need modules that ours doesn't
	dir := buildtest.Dir(t)
	checkout := filepath.Join(dir, "ent")
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "--quiet", "--depth", "1", "--branch", entVersion, repository, checkout).CombinedOutput(); err != nil {
		t.Fatalf("git clone: %v\n%s", err, out)
	}
	for _, suite := range entSuites {
		if only := os.Getenv("ENT_SUITES"); only != "" && !slices.Contains(strings.Split(only, ","), suite.name) {
			continue
		}
		t.Run(suite.name, func(t *testing.T) {
			m := entModule{suite, filepath.Join(dir, suite.name), filepath.Join(checkout, "entc", "integration")}
			ours := m.build(t, m.ours(t))
			stock := m.build(t, m.stock(t), "-tags=stock")
			ents, inTx := m.run(t, stock, "stock"), m.run(t, stock, "stock-tx")
			if len(ents) == 0 {
				t.Fatal("no tests")
			}
			for client, want := range map[string]map[string]string{"generated": ents, "root": ents, "units": ents, "unit": inTx} {
				compareEnt(t, client, want, m.run(t, ours, client))
			}
		})
	}
}

// compareEnt compares how tests have failed with two clients. A test of what SQLite alone
// has, or of a transaction inside of another one, fails with both in the same way.
func compareEnt(t *testing.T, client string, want, got map[string]string) {
	t.Helper()
	passed := 0
	for test, failure := range want {
		switch {
		case failure == "" && got[test] == "":
			passed++
		case failure == got[test]:
			t.Logf("%s fails alike with both clients:\n%s", test, failure)
		}
		if diff := cmp.Diff(failure, got[test]); diff != "" {
			t.Errorf("%s with the client %q (-Ent's +ours):\n%s", test, client, diff)
		}
	}
	t.Logf("%s: %d of %d tests of Ent pass", client, passed, len(want))
}

// entNoise is what differs between two runs of a test that fails in the same way.
var entNoise = regexp.MustCompile(`(?s:\s+goroutine .*)|\(\d+\.\d+s\)|(?m:^\s*Error Trace:.*\n(?:\s+/.*\n)*)|\w+\.go:\d+:|0x[0-9a-f]+`)

// entModule is a module of a suite of Ent's.
type entModule struct {
	suite     entSuite
	dir, from string
}

// stock makes a module with the client that Ent has generated.
func (m entModule) stock(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(m.dir, "stock")
	m.copy(t, dir, func(string) bool { return true })
	return dir
}

// ours makes a module with a client of our generator.
func (m entModule) ours(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(m.dir, "ours")
	m.copy(t, dir, func(path string) bool {
		return !strings.HasPrefix(path, "ent/") || strings.HasPrefix(path, "ent/schema/")
	})
	main := filepath.Join(dir, "internal", "entgen", "main.go")
	write(t, main, m.suite.generator(t, main))
	runGenerator(t, dir)
	return dir
}

// generator returns the text of the generator in main, with what the suite needs.
func (s entSuite) generator(t *testing.T, main string) string {
	t.Helper()
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	features := ""
	if s.features != "" {
		features = "\n" + s.features + ","
	}
	return replaceOnce(t, string(text),
		"\n}\n\n// generate writes the client", features+"\n}\n\n// generate writes the client",
		"graph, err := gen.NewGraph(&gen.Config{", "c := &gen.Config{",
		", withoutSchema}", "}",
		"\n\t}, loaded...)", "\n\t}\n"+s.extra+"\n\tgraph, err := gen.NewGraph(c, loaded...)",
		`"entgo.io/ent/entc/gen"`, `"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"
	"net/http"
)

var (
	_ = entc.Dependency
	_ = http.Client{}
	_ = field.TypeUint64`)
}

// TestEntSuites ensures that the generator still has what [TestEntIntegration] replaces.
func TestEntSuites(t *testing.T) {
	t.Parallel()
	for _, suite := range entSuites {
		if _, err := format.Source([]byte(suite.generator(t, "main.go"))); err != nil {
			t.Errorf("%s: %v", suite.name, err)
		}
	}
}

// replaceOnce replaces each of the texts by the next.
func replaceOnce(t *testing.T, text string, oldNew ...string) string {
	t.Helper()
	for pair := range slices.Chunk(oldNew, 2) {
		if strings.Count(text, pair[0]) != 1 {
			t.Fatalf("%q is not once in\n%s", pair[0], text)
		}
		text = strings.Replace(text, pair[0], pair[1], 1)
	}
	return text
}

// copy copies the module, and into it those files of the suite that keep wants.
func (m entModule) copy(t *testing.T, dir string, keep func(path string) bool) {
	t.Helper()
	copyModule(t, dir, "integration")
	schemas, err := filepath.Glob(filepath.Join(dir, "ent", "schema", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range schemas {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	from := m.from
	if m.suite.name != "integration" {
		from = filepath.Join(from, m.suite.name)
	}
	err = filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		top, _, nested := strings.Cut(name, "/")
		if m.suite.name == "integration" && nested && top != "ent" || strings.HasSuffix(name, "entc.go") || top == "go.mod" || top == "go.sum" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch {
		case importable.MatchString(name):
			name = importable.ReplaceAllString(name, "internal/$1/")
		case top != "ent":
			name = filepath.Join("internal", m.suite.name, name)
		}
		if keep(name) {
			write(t, filepath.Join(dir, name), m.rewrite(name, string(text)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if cases := m.cases(t, dir); cases != "" {
		write(t, filepath.Join(dir, "internal", m.suite.name, "postgres_test.go"), cases)
	}
	goCommand(t, dir, "get", "github.com/stretchr/testify", "github.com/lib/pq", "github.com/go-sql-driver/mysql")
}

var entCase = regexp.MustCompile(`(?m)^func ([A-Z]\w*)\(t \*testing\.T, client \*ent\.Client\)`)

// cases returns a test for each function that tests a client, which Ent's tests call for
// many databases.
func (m entModule) cases(t *testing.T, dir string) string {
	t.Helper()
	opts := ""
	if m.suite.name == "integration" {
		opts = ", opts"
	}
	var calls strings.Builder
	files, err := filepath.Glob(filepath.Join(dir, "internal", m.suite.name, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range entCase.FindAllSubmatch(text, -1) {
			if string(name[1]) == "NoSchemaChanges" {
				continue // migrates by the client, which ours can't
			}
			fmt.Fprintf(&calls, "\nfunc TestPostgres%s(t *testing.T) { %[1]s(t, entcases.Migrated(t%s)) }\n", name[1], opts)
		}
	}
	if calls.Len() == 0 {
		return ""
	}
	return "package " + m.suite.name + "\n\nimport (\n\t\"testing\"\n\n\t\"commitment/internal/entcases\"\n)\n" + calls.String()
}

// importable are folders of package ent that are written by hand, and imported by the
// schemas: to our generator all of ent is generated.
var importable = regexp.MustCompile(`^ent/(template|role)/`)

var (
	entPath     = regexp.MustCompile(`"entgo\.io/ent/entc/integration/(?:\w+/)?ent\b`)
	entOpen     = regexp.MustCompile(`ent\.Open\((?:dialect\.SQLite|"sqlite3"), "[^"]*"\)`)
	enttestOpen = regexp.MustCompile(`enttest\.Open\(t, (?:dialect\.SQLite|"sqlite3"),\s*"[^"]*",?\s*`)
	ownMain     = regexp.MustCompile(`func Test(Postgres|MySQL|Maria|SQLite)\(`)
	uniqueError = regexp.MustCompile(`EqualError\(t, errors\.Unwrap\(err\), ("add m2m edge for table \w+): UNIQUE[^"]*"`)
)

// rewrite changes a file of Ent's so that it uses the module's client and PostgreSQL.
func (m entModule) rewrite(name, text string) string {
	path := "entgo.io/ent/entc/integration/"
	if m.suite.name != "integration" {
		path += m.suite.name + "/"
	}
	for _, by := range []string{"template", "role"} {
		text = strings.ReplaceAll(text, `"`+path+`ent/`+by+`"`, `"commitment/internal/`+by+`"`)
	}
	text = entPath.ReplaceAllString(text, `"commitment/ent`)
	text = strings.ReplaceAll(text, `"`+path, `"commitment/internal/`+m.suite.name+`/`)
	text = strings.ReplaceAll(text, "uuid_generate_v4()", "gen_random_uuid()") // of no extension
	text = strings.ReplaceAll(text, "`name` IS NOT NULL", "name IS NOT NULL")
	if !strings.HasSuffix(name, "_test.go") {
		return text
	}
	text = ownMain.ReplaceAllString(text, "func not$1(")
	used := entOpen.MatchString(text) || enttestOpen.MatchString(text)
	text = entOpen.ReplaceAllString(text, "entcases.Client(t), error(nil)")
	text = enttestOpen.ReplaceAllString(text, "entcases.Migrated(t, ")
	text = strings.ReplaceAll(text, "client.Schema.Create(", "entcases.Create(client, ")
	text = uniqueError.ReplaceAllString(text, `ErrorContains(t, errors.Unwrap(err), $1: ERROR: duplicate key"`)
	text = strings.ReplaceAll(text, "err := err.(*pq.Error)", "err, _ := errors.AsType[*pgconn.PgError](err)")
	imports := "import (\n"
	if used {
		imports += "\t\"commitment/internal/entcases\"\n"
	}
	if strings.Contains(text, "pgconn.PgError") {
		imports += "\t\"github.com/jackc/pgx/v5/pgconn\"\n"
		text += "\nvar _ = pq.Error{}\n"
	}
	text = strings.Replace(text, "import (\n", imports, 1)
	for path, use := range map[string]string{"entgo.io/ent/dialect": "dialect.SQLite", "commitment/ent": "ent.NewClient", "commitment/ent/enttest": "enttest.NewClient"} {
		if strings.Contains(text, `"`+path+`"`) {
			text += "\nvar _ = " + use + "\n"
		}
	}
	return strings.ReplaceAll(text, `_ "github.com/mattn/go-sqlite3"`, "")
}

// build compiles the tests.
func (m entModule) build(t *testing.T, dir string, flags ...string) string {
	t.Helper()
	binary := filepath.Join(dir, "suite.test")
	goCommand(t, dir, slices.Concat([]string{"test", "-c", "-vet=off", "-o", binary}, flags, []string{"./internal/" + m.suite.name})...)
	return binary
}

// run runs the tests with one of the clients, each in a process of its own since many end
// with a panic, and returns how each has failed, or "".
func (m entModule) run(t *testing.T, binary, client string) map[string]string {
	t.Helper()
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Dir = filepath.Join(filepath.Dir(binary), "internal", m.suite.name)
		cmd.Env = append(os.Environ(), "ENT_CLIENT="+client)
		out, _ := cmd.CombinedOutput() // its error is that of a test
		return string(out)
	}
	results := map[string]string{}
	for test := range strings.FieldsSeq(run("-test.list", "^Test")) {
		if out := run("-test.v", "-test.run", "^"+test+"$"); !strings.HasSuffix(out, "PASS\n") {
			results[test] = entNoise.ReplaceAllString(out, "")
		} else {
			results[test] = ""
		}
	}
	return results
}
