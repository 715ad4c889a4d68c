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

// upgrade upgrades the core of the project in dir to this checkout's version: it
// applies the changes between the two versions like git cherry-pick. Where the project
// has changed the same lines, it leaves conflicts.
func (src *source) upgrade(ctx context.Context, dir string, stdout io.Writer) error {
	if src.checkout == "" {
		return errors.New("an upgrade needs the foundation's history: run go run ./cmd/new --upgrade DIR in a checkout of the foundation")
	}
	old, err := readState(dir)
	if err != nil {
		return err
	}
	if old.Core == src.version {
		fmt.Fprintf(stdout, "%s is already at %s\n", dir, shortCommit(src.version))
		return nil
	}
	changed, err := git(ctx, dir, "status", "--porcelain")
	switch {
	case err != nil:
		return fmt.Errorf("an upgrade needs git: %w", err)
	case changed != "":
		return fmt.Errorf("%s has uncommitted changes: commit or stash them\n%s", dir, changed)
	}
	base, err := src.coreAt(ctx, old.Core, old.Settings)
	if err != nil {
		return err
	}
	theirs, err := src.core(ctx, old.Settings)
	if err != nil {
		return err
	}
	return src.apply(ctx, dir, old.Settings, base, theirs, stdout)
}

// apply applies the changes from base to theirs to the project in dir.
func (src *source) apply(ctx context.Context, dir string, s Settings, base, theirs tree, stdout io.Writer) error {
	unmerged, err := cherryPick(ctx, dir, base, theirs)
	if err != nil {
		return err
	}
	if err := (&state{Core: src.version, Settings: s}).writeAndStage(ctx, dir); err != nil {
		return err
	}
	report(stdout, src.version, unmerged)
	return nil
}

// readState reads the state file of a project.
func readState(dir string) (*state, error) {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return nil, fmt.Errorf("%s is not a project made by this command: %w", dir, err)
	}
	s := &state{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s: %w", stateFile, err)
	}
	if s.Core == "" {
		return nil, fmt.Errorf(`%s doesn't know its version: set "core" in %s to the foundation's commit that it was made from`, dir, stateFile)
	}
	return s, nil
}

// coreAt returns the core's files of another version, as the program of that version
// makes them: only it knows the edits that its tree needs.
func (src *source) coreAt(ctx context.Context, version string, s Settings) (tree, error) {
	files, err := readCommit(ctx, src.checkout, version)
	if err != nil {
		return nil, fmt.Errorf("this checkout doesn't have the project's version, try git fetch: %w", err)
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
		return nil, fmt.Errorf("version %s: %w", shortCommit(version), err)
	}
	return readTree(os.DirFS(core))
}

// core returns the files of the core as a project has them, without what is the
// project's own from the start: its migrations and its first entity.
func (src *source) core(ctx context.Context, s Settings) (tree, error) {
	files, err := src.tree(ctx)
	if err != nil {
		return nil, err
	}
	if files, err = files.project(s, src.version); err != nil {
		return nil, err
	}
	if s.Entity != "" {
		file := s.entity().File
		files.remove([]string{"ent/schema/" + file + ".go", "internal/httpapi/" + file + ".go", "internal/httpapi/" + file + "_test.go"})
	}
	files.remove([]string{"ent/migrate/migrations/*.sql", stateFile})
	return files, nil
}

// writeAndStage writes the state file and adds it to the commit that is being prepared.
func (s *state) writeAndStage(ctx context.Context, dir string) error {
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

// cherryPick applies the difference of two trees to the project in dir, and returns the
// files with conflicts.
func cherryPick(ctx context.Context, dir string, base, theirs tree) (unmerged string, err error) {
	prefix, err := git(ctx, dir, "rev-parse", "--show-prefix")
	if err != nil {
		return "", err
	}
	const ref = "refs/core/upgrade"
	var stream bytes.Buffer
	writeCommit(&stream, ref, prefix, "the core before the upgrade", base)
	writeCommit(&stream, ref, prefix, "the core after the upgrade", theirs)
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

// report prints how the upgrade went and what to do next.
func report(stdout io.Writer, version, unmerged string) {
	fmt.Fprintf(stdout, "The core is at %s. Nothing has been committed.\n", shortCommit(version))
	if unmerged != "" {
		fmt.Fprintf(stdout, "\nResolve the conflicts in these files, then git add them:\n\n  %s\n", strings.ReplaceAll(unmerged, "\n", "\n  "))
	}
	fmt.Fprint(stdout, `
Then:

  go generate ./...                                # regenerate the client
  go run ./cmd/migrate diff upgrade                # migrate the core's entities
  go test ./internal/httpapi ./internal/config -update
  go test ./...
  git add --all && git commit

To abandon the upgrade: git reset --hard
`)
}

// writeCommit writes a commit of the files, below prefix and without any other file,
// for git fast-import.
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

// shortCommit abbreviates a commit.
func shortCommit(version string) string { return version[:min(12, len(version))] }
