package migrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"golang.org/x/mod/modfile"

	entmigrate "commitment/ent/migrate"
	"commitment/internal/cli"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/compat"
)

// errStale reports entities that this program wasn't generated from.
var errStale = errors.New(`ent/schema has changed since the code was generated: run "go generate ./..."`)

// entities are what the migrations should lead to: in the project that this program is part
// of, the entities that are compiled in, and elsewhere those in the project's schema.
func (sys system) entities(ctx context.Context) (plan.Entities, error) {
	p, err := sys.project()
	if err != nil {
		return plan.Entities{}, err
	}
	folder := filepath.Join(p.Root, p.Schema)
	if !isOwn(folder) {
		return loadEntities(ctx, folder)
	}
	now, err := compat.Digest(ctx, folder)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return plan.Entities{}, err
	case err == nil && now != entmigrate.SchemaDigest:
		return plan.Entities{}, errStale
	}
	return plan.CompiledIn(), nil
}

// isOwn reports whether the folder is in the module that this program was built from.
func isOwn(folder string) bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for dir := folder; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			return modfile.ModulePath(content) == info.Main.Path
		}
	}
	return false
}

func loadEntities(ctx context.Context, folder string) (plan.Entities, error) {
	graph, err := compat.LoadGraph(ctx, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return plan.Entities{}, cli.Usage(fmt.Errorf("there are no entities in %s: set --schema", folder))
	}
	if err != nil {
		return plan.Entities{}, err
	}
	tables, err := graph.Tables()
	if err != nil {
		return plan.Entities{}, fmt.Errorf("read entities: %w", err)
	}
	return plan.Entities{Tables: tables, TablesOnly: true}, nil
}
