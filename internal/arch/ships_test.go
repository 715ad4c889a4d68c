package arch

import (
	"errors"
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// service is the program that ships.
const service = "cmd/commitment"

// ships lists what the service may link from other modules. It has no code generator,
// no package loader, no migration planner, no HCL and no second driver: these belong to
// the development tool.
var ships = []string{
	"ariga.io/atlas/sql/migrate",
	"ariga.io/atlas/sql/schema",
	"entgo.io/ent",
	"entgo.io/ent/dialect",
	"entgo.io/ent/dialect/entsql",
	"entgo.io/ent/dialect/sql",
	"entgo.io/ent/dialect/sql/sqlgraph",
	"entgo.io/ent/entql",
	"entgo.io/ent/privacy",
	"entgo.io/ent/schema/...",
	"github.com/KimMachineGun/automemlimit/memlimit",
	"github.com/beorn7/perks/...",
	"github.com/cenkalti/backoff/v5",
	"github.com/cespare/xxhash/...",
	"github.com/danielgtaylor/huma/...",
	"github.com/go-chi/chi/...",
	"github.com/go-chi/cors",
	"github.com/go-chi/httprate",
	"github.com/go-jose/go-jose/...",
	"github.com/go-logr/...",
	"github.com/google/uuid",
	"github.com/grpc-ecosystem/grpc-gateway/v2/...",
	"github.com/hashicorp/golang-lru/v2/...",
	"github.com/jackc/...",
	"github.com/klauspost/cpuid/v2",
	"github.com/munnerz/goautoneg",
	"github.com/pbnjay/memory",
	"github.com/prometheus/...",
	"github.com/riverqueue/river/...",
	"github.com/spf13/cobra",
	"github.com/spf13/pflag",
	"github.com/swaggest/swgui/...",
	"github.com/tidwall/...",
	"github.com/vearutop/statigz",
	"github.com/xi2/xz",
	"github.com/zeebo/xxh3",
	"go.opentelemetry.io/auto/sdk/...",
	"go.opentelemetry.io/otel/...",
	"go.opentelemetry.io/proto/otlp/...",
	"golang.org/x/net/...",
	"golang.org/x/sync/errgroup",
	"golang.org/x/sync/semaphore",
	"golang.org/x/sys/unix",
	"golang.org/x/term",
	"golang.org/x/text/...",
	"google.golang.org/genproto/...",
	"google.golang.org/grpc/...",
	"google.golang.org/protobuf/...",
}

func TestShips(t *testing.T) {
	t.Parallel()
	g := graph{root: "../..", cache: moduleCache()}
	found, err := g.unlisted(service, ships)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range found {
		t.Error(line)
	}
}

// graph reads imports from the files of a module and of those that it requires, in Go's
// module cache. It doesn't run the go command, whose output the test cache would keep.
type graph struct {
	root, cache string
	module      string
	versions    map[string]string // of the required modules
}

// unlisted finds packages that the program in dir links but the list lacks, and the
// reverse.
func (g graph) unlisted(dir string, list []string) ([]string, error) {
	gomod, err := os.ReadFile(filepath.Join(g.root, "go.mod"))
	if err != nil {
		return nil, err
	}
	if g.module, err = modulePath(gomod); err != nil {
		return nil, err
	}
	g.versions = required(gomod)
	importers := map[string]string{g.module + "/" + dir: ""}
	if err := g.walk(g.module+"/"+dir, importers); err != nil {
		return nil, err
	}
	var found []string
	used := map[string]bool{}
	for pkg, importer := range importers {
		if within(pkg, g.module) {
			continue
		}
		i := slices.IndexFunc(list, func(pattern string) bool { return covers(pattern, pkg) })
		if i < 0 {
			found = append(found, fmt.Sprintf("%s links %s, which %s imports", dir, pkg, importer))
			continue
		}
		used[list[i]] = true
	}
	for _, pattern := range list {
		if !used[pattern] {
			found = append(found, fmt.Sprintf("%s doesn't link %s", dir, pattern))
		}
	}
	slices.Sort(found)
	return found, nil
}

// walk records the importer of each package that pkg links.
func (g graph) walk(pkg string, importers map[string]string) error {
	dir, err := g.directory(pkg)
	if err != nil {
		return err
	}
	platform := build.Default
	platform.GOOS, platform.GOARCH, platform.CgoEnabled = "linux", "amd64", false
	p, err := platform.ImportDir(dir, 0)
	if _, empty := errors.AsType[*build.NoGoError](err); err != nil && !empty {
		return fmt.Errorf("%w (run go mod download)", err)
	}
	for _, imported := range p.Imports {
		if _, seen := importers[imported]; seen || !within(imported, g.module) && !otherModule(imported) {
			continue
		}
		importers[imported] = pkg
		if err := g.walk(imported, importers); err != nil {
			return err
		}
	}
	return nil
}

// directory returns the directory of a package.
func (g graph) directory(pkg string) (string, error) {
	if within(pkg, g.module) {
		return filepath.Join(g.root, strings.TrimPrefix(pkg, g.module)), nil
	}
	module := ""
	for m := range g.versions {
		if within(pkg, m) && len(m) > len(module) {
			module = m
		}
	}
	if module == "" {
		return "", fmt.Errorf("go.mod requires no module for %s", pkg)
	}
	return filepath.Join(g.cache, escaped(module)+"@"+g.versions[module], strings.TrimPrefix(pkg, module)), nil
}

var requirement = regexp.MustCompile(`(?m)^(?:require )?\t?([^\s/]+\.[^\s]+) (v\S+)`)

// required reads the versions in a go.mod.
func required(gomod []byte) map[string]string {
	versions := map[string]string{}
	for _, match := range requirement.FindAllStringSubmatch(string(gomod), -1) {
		versions[match[1]] = match[2]
	}
	return versions
}

// escaped returns a module's path as the module cache spells it.
func escaped(module string) string {
	return regexp.MustCompile("[A-Z]").ReplaceAllStringFunc(module, func(letter string) string { return "!" + strings.ToLower(letter) })
}

func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	return filepath.Join(filepath.SplitList(build.Default.GOPATH)[0], "pkg", "mod")
}

func TestUnlisted(t *testing.T) {
	t.Parallel()
	root, cache := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		root + "/go.mod": "module commitment\n\nrequire (\n\texample.com/Big v1.0.0\n\texample.com/Big/sub/v2 v2.0.0 // indirect\n)\n" +
			"\nrequire example.com/test v1.0.0\n",
		root + "/cmd/commitment/main.go":                 "package main\nimport (\"commitment/internal/cli\"; \"os\")\n",
		root + "/internal/cli/cli.go":                    "package cli\nimport \"example.com/Big/small\"\n",
		root + "/internal/cli/cli_test.go":               "package cli\nimport \"example.com/test\"\n",
		root + "/internal/cli/cli_windows.go":            "package cli\nimport \"example.com/test\"\n",
		cache + "/example.com/!big@v1.0.0/small/a.go":    "package small\nimport \"example.com/Big/sub/v2/b\"\n",
		cache + "/example.com/!big/sub/v2@v2.0.0/b/b.go": "package b\nimport \"strings\"\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, e := range map[string]struct{ list, want []string }{
		"accepts listed packages": {[]string{"example.com/Big/small", "example.com/Big/sub/..."}, nil},
		"finds packages that another module imports": {[]string{"example.com/Big/small"}, []string{
			"cmd/commitment links example.com/Big/sub/v2/b, which example.com/Big/small imports",
		}},
		"finds listed packages that aren't linked": {[]string{"example.com/Big/...", "example.com/test"}, []string{
			"cmd/commitment doesn't link example.com/test",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := graph{root: root, cache: cache}.unlisted(service, e.list)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e.want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
	g := graph{root: root, cache: t.TempDir()}
	if _, err := g.unlisted(service, nil); err == nil || !strings.Contains(err.Error(), "go mod download") {
		t.Errorf("error of a module that isn't in the cache = %v, want one that says how to fetch it", err)
	}
}

// otherModule reports whether an import path is outside of the standard library, whose
// paths have no dot in their first element.
func otherModule(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}
