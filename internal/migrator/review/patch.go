package review

import (
	"context"
	"fmt"
	"io/fs"
	"path"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/files"
)

// Patch is the change that [Fix] would make, atlas.sum included, as a patch for "git
// apply" in the project's root. It is empty if there is nothing to fix.
func Patch(ctx context.Context, r Report, dir *migrate.LocalDir) (string, error) {
	c, err := fixes(r, dir)
	if err != nil || len(c.written) == 0 {
		return "", err
	}
	before, after, err := c.sides(dir)
	if err != nil {
		return "", err
	}
	return files.Patch(ctx, r.Dir, before, after)
}

// sides are the directory's files now, and after the change.
func (c fixedFiles) sides(dir *migrate.LocalDir) (before, after map[string][]byte, err error) {
	now, err := dir.Files()
	if err != nil {
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	before, after = map[string][]byte{}, map[string][]byte{}
	for _, f := range now {
		before[f.Name()], after[f.Name()] = f.Bytes(), f.Bytes()
	}
	for _, name := range c.removed {
		delete(after, name)
	}
	for _, f := range c.written {
		after[f.Name()] = f.Bytes()
	}
	if before[migrate.HashFileName], err = fs.ReadFile(dir, migrate.HashFileName); err != nil {
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	after[migrate.HashFileName], err = sumOf(after)
	return before, after, err
}

// sumOf is the atlas.sum of files, by name.
func sumOf(contents map[string][]byte) ([]byte, error) {
	mem := &migrate.MemDir{}
	for name, content := range contents {
		if path.Ext(name) == ".sql" {
			if err := mem.WriteFile(name, content); err != nil {
				return nil, fmt.Errorf("hash migrations: %w", err)
			}
		}
	}
	sum, err := mem.Checksum()
	if err != nil {
		return nil, fmt.Errorf("hash migrations: %w", err)
	}
	return sum.MarshalText()
}
