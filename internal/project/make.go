package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"ariga.io/atlas/sql/migrate"
)

// stateFile is where a project keeps its settings and the version of its core.
const stateFile = ".core.json"

// state is the content of the state file.
type state struct {
	// Core is the foundation's commit, or empty if it isn't known.
	Core string `json:"core"`
	Settings
}

// text returns the content of the file.
func (s *state) text() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// make makes a project in dir, which must not exist. When it fails it leaves nothing.
func (src *source) make(ctx context.Context, dir string, s Settings, stdout io.Writer) (err error) {
	files, err := src.tree(ctx)
	if err != nil {
		return err
	}
	if files, err = files.project(s, src.version); err != nil {
		return err
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("%s exists: choose a new directory", dir)
		}
		return err
	}
	created := firstMissing(dir)
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(created))
		}
	}()
	if err := files.write(dir); err != nil {
		return err
	}
	if err := finish(ctx, dir, s, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\n%s is ready:\n\n  cd '%s'\n  go run ./cmd/%s serve\n  go test ./...\n", s.Module, dir, s.Name)
	return nil
}

// firstMissing returns the topmost directory that has to be created for dir.
func firstMissing(dir string) string {
	dir = filepath.Clean(dir)
	for {
		parent := filepath.Dir(dir)
		if _, err := os.Lstat(parent); !errors.Is(err, fs.ErrNotExist) {
			return dir
		}
		dir = parent
	}
}

// generatedHeader marks a generated file (https://go.dev/s/generatedcode).
var generatedHeader = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// project turns the foundation's tree into a project's, without generated files.
func (t tree) project(s Settings, version string) (tree, error) {
	foundation := t
	t = maps.Clone(t)
	for p, text := range t {
		if strings.HasPrefix(p, "ent/") && strings.HasSuffix(p, ".go") && generatedHeader.Match(text) {
			delete(t, p)
		}
	}
	t.remove(foundationFiles)
	t.remove(generatedFiles)
	if err := t.apply(foundationEdits); err != nil {
		return nil, err
	}
	if !s.Example {
		t.remove(exampleFiles)
		if err := t.apply(exampleEdits); err != nil {
			return nil, err
		}
	}
	if s.Entity != "" {
		if err := t.addEntity(s, foundation); err != nil {
			return nil, err
		}
	}
	if err := t.trimMap(); err != nil {
		return nil, err
	}
	readme, err := s.readme(t["README.md"])
	if err != nil {
		return nil, err
	}
	t["README.md"] = readme
	if t, err = s.rename(t); err != nil {
		return nil, err
	}
	credits, err := templates.ReadFile("templates/CREDITS.md.tmpl") // under the foundation's name
	if err != nil {
		return nil, err
	}
	t["README.md"] = append(t["README.md"], credits...)
	t[stateFile], err = (&state{Core: version, Settings: s}).text()
	return t, err
}

// step is a command to run in a new project.
type step struct{ title, command string }

// finish runs the generators, plans the first migration and makes the first commit.
func finish(ctx context.Context, dir string, s Settings, stdout io.Writer) error {
	if err := hashMigrations(filepath.Join(dir, "ent", "migrate", "migrations")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "internal", "httpapi", "testdata"), 0o755); err != nil { //nolint:gosec // a project is for its readers
		return err
	}
	steps := []step{{"generate the client", "go run ./internal/entgen"}}
	if s.Entity != "" {
		steps = append(steps, step{"plan the first migration", "go run ./cmd/migrate diff add_" + s.entity().File})
	}
	steps = append(steps, step{"write the golden files", "go test ./internal/httpapi -run ^(TestRoutes|TestResources|TestOpenAPI)$ -update"})
	for _, step := range steps {
		fmt.Fprintln(stdout, step.title)
		if err := run(ctx, dir, s, strings.Fields(step.command)); err != nil {
			return fmt.Errorf("%s: %w", step.title, err)
		}
	}
	return firstCommit(ctx, dir)
}

// hashMigrations writes atlas.sum.
func hashMigrations(dir string) error {
	local, err := migrate.NewLocalDir(dir)
	if err != nil {
		return err
	}
	sum, err := local.Checksum()
	if err != nil {
		return err
	}
	return migrate.WriteSumFile(local, sum)
}

// run runs a program in the project, without the project's settings.
func run(ctx context.Context, dir string, s Settings, args []string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, strings.ToUpper(s.ident())+"_") && !strings.HasPrefix(setting, "DATABASE_URL=") {
			cmd.Env = append(cmd.Env, setting)
		}
	}
	cmd.Env = append(cmd.Env, "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// firstCommit makes the project a git repository with one commit. It leaves a project
// inside of another repository to that, and does nothing without git.
func firstCommit(ctx context.Context, dir string) error {
	if _, err := exec.LookPath("git"); err != nil {
		return nil //nolint:nilerr // git is optional
	}
	if _, err := git(ctx, filepath.Dir(filepath.Clean(dir)), "rev-parse", "--git-dir"); err == nil {
		return nil
	}
	if _, err := git(ctx, dir, "init", "--quiet", "--initial-branch=main"); err != nil {
		return err
	}
	if _, err := git(ctx, dir, "add", "--all"); err != nil {
		return err
	}
	if _, err := git(ctx, dir, "var", "GIT_COMMITTER_IDENT"); err != nil {
		return nil //nolint:nilerr // git isn't configured to commit
	}
	_, err := git(ctx, dir, "commit", "--quiet", "--message", "A new project")
	return err
}
