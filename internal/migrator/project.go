package migrator

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migrator/atlasfile"
	"commitment/internal/migrator/files"
)

// The usual places, from the project's root or a folder below it.
var (
	usualDirs    = []string{migrations, "internal/ent/migrate/migrations", "migrations", "db/migrations", "database/migrations"}
	usualSchemas = []string{"ent/schema", "internal/ent/schema"}
)

// project is what the commands work on: what flags say, else what atlas.hcl says, else
// what is in the usual places.
type project struct {
	// Root is the top of the git repository or, outside of one, the current folder.
	Root string
	// Dir is the folder of the migrations, from the current folder.
	Dir    string
	Format files.Format
	// Schema is the folder of the entities, from Root.
	Schema string
	// URL is the database of the env that --env names, and DevURL the env's server for
	// throwaway databases.
	URL, DevURL string
	// Baseline is SQL for every throwaway database.
	Baseline string
	// Exclude are patterns of objects that aren't drift.
	Exclude []string
}

// projectFlags are the flags about the project.
type projectFlags struct {
	dir, schema, env, baseline string
}

// withProject adds the flags and returns the system that finds the project once, when a
// command needs it.
func (sys system) withProject(cmd *cobra.Command) system {
	var flags projectFlags
	f := cmd.PersistentFlags()
	f.StringVar(&flags.dir, "dir", "", "the `FOLDER` of the migrations (default that of atlas.hcl, or "+migrations+"); file://FOLDER?format=goose says their format")
	f.StringVar(&flags.schema, "schema", "", "the `FOLDER` of the entities (default that of atlas.hcl, or schema beside the generated code)")
	f.StringVar(&flags.env, "env", "", "the env of atlas.hcl to use, its database included (default \"local\", or the first, without its database)")
	f.StringVar(&flags.baseline, "baseline", "", "a `FILE` of SQL to run in each throwaway database first, for what no migration makes: extensions, roles, other schemas")
	environ := sys.Environ
	sys.project = sync.OnceValues(func() (project, error) {
		p, err := findProject(flags, environ)
		if err != nil {
			return p, cli.Usage(err)
		}
		return p, nil
	})
	sys.Migrations = func() (migrate.Dir, error) { return sys.openDir() }
	sys.DatabaseURL = func() (string, error) {
		if flags.env == "" {
			return "", nil
		}
		p, err := sys.project()
		return p.URL, err
	}
	sys.Exclude = func() ([]string, error) {
		p, err := sys.project()
		return p.Exclude, err
	}
	return sys
}

func findProject(flags projectFlags, environ []string) (project, error) {
	here, err := os.Getwd()
	if err != nil {
		return project{}, err
	}
	above := foldersAbove(here)
	p := project{Root: above[len(above)-1]}
	env, folder, err := readEnv(above, flags.env, environ)
	if err != nil {
		return p, err
	}
	p.URL, p.Exclude, p.Baseline = env.URL, env.Exclude, env.Baseline
	if strings.HasPrefix(env.Dev, "postgres://") || strings.HasPrefix(env.Dev, "postgresql://") {
		p.DevURL = env.Dev
	}
	dir, format, err := findDir(flags.dir, env, here, folder, above)
	if err != nil {
		return p, err
	}
	p.Format = format
	if p.Dir, err = filepath.Rel(here, dir); err != nil {
		return p, err
	}
	p.Dir = filepath.ToSlash(p.Dir)
	if p.Schema, err = filepath.Rel(p.Root, findSchema(flags.schema, env, here, folder, dir, above)); err != nil {
		return p, err
	}
	if flags.baseline != "" {
		content, err := os.ReadFile(flags.baseline)
		if err != nil {
			return p, err
		}
		p.Baseline = string(content)
	}
	return p, nil
}

// foldersAbove are the folder and those that contain it, up to the top of its git
// repository. Outside of a repository it is the folder alone.
func foldersAbove(folder string) []string {
	var all []string
	for dir := folder; ; dir = filepath.Dir(dir) {
		all = append(all, dir)
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return all
		}
		if dir == filepath.Dir(dir) {
			return []string{folder}
		}
	}
}

// readEnv reads the nearest atlas.hcl and returns the folder that it is in.
func readEnv(above []string, name string, environ []string) (atlasfile.Env, string, error) {
	for _, dir := range above {
		env, err := atlasfile.Read(filepath.Join(dir, atlasfile.Name), name, environ)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return env, dir, err
	}
	if name != "" {
		return atlasfile.Env{}, "", fmt.Errorf("--env %s: there is no %s here", name, atlasfile.Name)
	}
	return atlasfile.Env{}, "", nil
}

func findDir(flag string, env atlasfile.Env, here, folder string, above []string) (string, files.Format, error) {
	url, from := flag, here
	if url == "" {
		url, from = env.Dir, folder
	}
	if url == "" {
		return usualDir(above), files.Format(env.Format), nil
	}
	dir, format, err := files.ParseURL(url)
	if format == "" && flag == "" {
		format = files.Format(env.Format)
	}
	return absolute(from, dir), format, err
}

func usualDir(above []string) string {
	for _, dir := range above {
		for _, usual := range usualDirs {
			if found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(usual), "*.sql")); err == nil && len(found) > 0 {
				return filepath.Join(dir, usual)
			}
		}
	}
	return filepath.Join(above[0], migrations)
}

// findSchema returns the folder of the entities, or where it usually is.
func findSchema(flag string, env atlasfile.Env, here, folder, migrations string, above []string) string {
	if flag != "" {
		return absolute(here, flag)
	}
	for _, url := range env.Schemas {
		if path, ok := strings.CutPrefix(url, "ent://"); ok {
			path, _, _ = strings.Cut(path, "?")
			return absolute(folder, path)
		}
	}
	for dir := migrations; len(dir) > len(above[len(above)-1]); dir = filepath.Dir(dir) {
		if schema := filepath.Join(filepath.Dir(dir), "schema"); hasEntities(schema) {
			return schema
		}
	}
	for _, dir := range above {
		for _, usual := range usualSchemas {
			if schema := filepath.Join(dir, filepath.FromSlash(usual)); hasEntities(schema) {
				return schema
			}
		}
	}
	return filepath.Join(above[0], usualSchemas[0])
}

func absolute(folder, path string) string {
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, path)
}

// hasEntities reports whether a Go file in the folder imports Ent.
func hasEntities(folder string) bool {
	sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
	return err == nil && slices.ContainsFunc(sources, func(name string) bool {
		content, err := os.ReadFile(name)
		return err == nil && bytes.Contains(content, []byte(`"entgo.io/ent"`))
	})
}

// openDir opens the project's migrations.
func (sys system) openDir() (*files.Dir, error) {
	p, err := sys.project()
	if err != nil {
		return nil, err
	}
	dir, err := files.Open(p.Dir, p.Format)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Usage(fmt.Errorf("there is no folder %s: run it in the project, or set --dir", p.Dir))
	}
	if err != nil {
		return nil, cli.Usage(fmt.Errorf("open migrations: %w", err))
	}
	return dir, nil
}

// writableDir opens the project's migrations for writing.
func (sys system) writableDir() (*migrate.LocalDir, error) {
	dir, err := sys.openDir()
	if err != nil {
		return nil, err
	}
	local, err := dir.Writable()
	if err != nil {
		return nil, cli.Usage(err)
	}
	return local, nil
}
