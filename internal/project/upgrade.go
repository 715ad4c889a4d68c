package project

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// upgrade brings the core of the project in dir to this checkout's version: what has
// changed between the two versions is picked into the project as git picks a commit. What
// the project has changed in the same places is left as conflicts.
func (from *source) upgrade(ctx context.Context, dir string, stdout io.Writer) error {
	if from.checkout == "" {
		return errors.New("an upgrade needs the foundation's history: run this in a checkout of it, go run ./cmd/new --upgrade DIR")
	}
	was, err := readState(dir)
	if err != nil {
		return err
	}
	if was.Core == from.version {
		fmt.Fprintf(stdout, "%s is at %s already\n", dir, short(from.version))
		return nil
	}
	changed, err := git(ctx, dir, "status", "--porcelain")
	switch {
	case err != nil:
		return fmt.Errorf("an upgrade goes through git: %w", err)
	case changed != "":
		return fmt.Errorf("%s has changes that aren't committed: commit or stash them\n%s", dir, changed)
	}
	base, err := from.formerCore(ctx, was.Core, was.Settings)
	if err != nil {
		return err
	}
	theirs, err := from.core(ctx, was.Settings)
	if err != nil {
		return err
	}
	unmerged, err := pick(ctx, dir, base, theirs)
	if err != nil {
		return err
	}
	if err := (&state{Core: from.version, Settings: was.Settings}).keep(ctx, dir); err != nil {
		return err
	}
	report(stdout, from.version, unmerged)
	return nil
}

// readState reads what a project knows of its core.
func readState(dir string) (*state, error) {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return nil, fmt.Errorf("%s was not made by this command: %w", dir, err)
	}
	s := &state{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s: %w", stateFile, err)
	}
	if s.Core == "" {
		return nil, fmt.Errorf(`%s doesn't know its version: write the foundation's commit that it was made from into %s, as "core"`, dir, stateFile)
	}
	return s, nil
}

// formerCore returns the core's files of another version, as the program of that version
// makes them: only it knows what its tree had to be changed into.
func (from *source) formerCore(ctx context.Context, version string, s Settings) (tree, error) {
	files, err := archived(ctx, from.checkout, version)
	if err != nil {
		return nil, fmt.Errorf("this checkout doesn't have the project's version (git fetch may get it): %w", err)
	}
	tmp, err := os.MkdirTemp("", "core-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	program, core := filepath.Join(tmp, "program"), filepath.Join(tmp, "core")
	if err := files.write(program); err != nil {
		return nil, err
	}
	args := []string{"go", "run", "./cmd/new", "--core", core, "--module", s.Module, "--name", s.Name, "--entity", s.Entity}
	if s.Example {
		args = append(args, "--keep-example")
	}
	if err := run(ctx, program, s, args); err != nil {
		return nil, fmt.Errorf("version %s: %w", short(version), err)
	}
	return readTree(os.DirFS(core))
}

// core returns the core's files, as a project has them: without what is its own from the
// start, its migrations and its first entity.
func (from *source) core(ctx context.Context, s Settings) (tree, error) {
	files, err := from.tree(ctx)
	if err != nil {
		return nil, err
	}
	if files, err = files.project(s, from.version); err != nil {
		return nil, err
	}
	if s.Entity != "" {
		file := s.entity().File
		files.without([]string{"ent/schema/" + file + ".go", "internal/httpapi/" + file + ".go", "internal/httpapi/" + file + "_test.go"})
	}
	files.without([]string{"ent/migrate/migrations/*.sql", stateFile})
	return files, nil
}

// keep writes what a project knows of its core, for the commit that is being made.
func (s *state) keep(ctx context.Context, dir string) error {
	text, err := s.text()
	if err != nil {
		return err
	}
	if err := (tree{stateFile: text}).write(dir); err != nil {
		return err
	}
	_, err = git(ctx, dir, "add", stateFile)
	return err
}

// pick applies the difference of two trees to the project in dir, and returns the files
// that are left with conflicts.
func pick(ctx context.Context, dir string, base, theirs tree) (unmerged string, err error) {
	prefix, err := git(ctx, dir, "rev-parse", "--show-prefix")
	if err != nil {
		return "", err
	}
	const ref = "refs/core/upgrade"
	var stream bytes.Buffer
	writeCommit(&stream, ref, prefix, "the core before the upgrade", base)
	writeCommit(&stream, ref, prefix, "the core after it", theirs)
	if _, err := gitOutput(ctx, dir, &stream, "fast-import", "--quiet", "--force"); err != nil {
		return "", err
	}
	_, conflict := git(ctx, dir, "cherry-pick", "--no-commit", ref)
	if _, err := git(ctx, dir, "update-ref", "-d", ref); err != nil {
		return "", err
	}
	unmerged, err = git(ctx, dir, "diff", "--name-only", "--diff-filter=U")
	if err == nil && unmerged == "" {
		err = conflict
	}
	return unmerged, err
}

// report says how the upgrade went, and what to do next.
func report(stdout io.Writer, version, unmerged string) {
	fmt.Fprintf(stdout, "The core is at %s; nothing is committed.\n", short(version))
	if unmerged != "" {
		fmt.Fprintf(stdout, "\nBoth sides changed these files; resolve the conflicts and git add them:\n\n  %s\n", strings.ReplaceAll(unmerged, "\n", "\n  "))
	}
	fmt.Fprint(stdout, `
Then:

  go generate ./...                                # the client, by the new generator
  go run ./cmd/migrate diff upgrade                # what the core's entities need
  go test ./internal/httpapi ./internal/config -update
  go test ./...
  git add --all && git commit

To give the upgrade up: git reset --hard
`)
}

// writeCommit writes a commit of the files below prefix, and of nothing else, for git
// fast-import.
func writeCommit(w io.Writer, ref, prefix, message string, files tree) {
	fmt.Fprintf(w, "commit %s\ncommitter core <core@localhost> 0 +0000\ndata %d\n%s\ndeleteall\n", ref, len(message), message)
	for _, p := range slices.Sorted(maps.Keys(files)) {
		mode := "100644"
		if executable(files[p]) {
			mode = "100755"
		}
		fmt.Fprintf(w, "M %s inline %s%s\ndata %d\n%s\n", mode, prefix, p, len(files[p]), files[p])
	}
}

// short is a commit as people read it.
func short(version string) string { return version[:min(12, len(version))] }
