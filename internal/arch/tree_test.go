package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A tree is the repository as read: every file that .gitignore doesn't exclude, without
// nested modules.
type tree struct {
	fsys   fs.FS
	module string // the module's path, from go.mod
	fset   *token.FileSet
	files  map[string][]byte // by path
	source []*source         // the Go files, in the order of their paths
}

// A source is a Go file.
type source struct {
	path, dir string
	lines     int
	syntax    *ast.File
}

// test reports whether the file is compiled only into tests.
func (s *source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// generated reports whether the file is in a directory that Ent generates.
func (s *source) generated() bool {
	return within(s.dir, "ent") && !within(s.dir, "ent/schema") && !within(s.dir, "ent/migrate/migrations")
}

// handwritten returns the Go files outside of the directories that Ent generates.
func (t *tree) handwritten() []*source {
	return slices.DeleteFunc(slices.Clone(t.source), (*source).generated)
}

// paths returns the paths of all files, sorted.
func (t *tree) paths() []string {
	var all []string
	for p := range t.files {
		all = append(all, p)
	}
	slices.Sort(all)
	return all
}

// exists reports whether the repository has a file or a directory at p.
func (t *tree) exists(p string) bool {
	_, err := fs.Stat(t.fsys, p)
	return err == nil
}

// read reads the repository in fsys.
func read(fsys fs.FS) (*tree, error) {
	t := &tree{fsys: fsys, fset: token.NewFileSet(), files: map[string][]byte{}}
	ignore, err := ignored(fsys)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (d.Name() == ".git" || ignore(p) || t.exists(p+"/go.mod")):
			return fs.SkipDir
		case !d.Type().IsRegular() || d.Name() == ".git" || ignore(p):
			return nil
		}
		return t.add(p)
	})
	if err != nil {
		return nil, err
	}
	t.module, err = modulePath(t.files["go.mod"])
	return t, err
}

// add reads the file at p into the tree.
func (t *tree) add(p string) error {
	text, err := fs.ReadFile(t.fsys, p)
	if err != nil {
		return err
	}
	t.files[p] = text
	if path.Ext(p) != ".go" || inTestdata(p) {
		return nil
	}
	syntax, err := parser.ParseFile(t.fset, p, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.source = append(t.source, &source{path: p, dir: path.Dir(p), lines: bytes.Count(text, []byte("\n")), syntax: syntax})
	return nil
}

// modulePath returns the path that the text of a go.mod declares.
func modulePath(gomod []byte) (string, error) {
	for line := range strings.Lines(string(gomod)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", fmt.Errorf("go.mod: no module line")
}

// ignored parses .gitignore and returns a function that reports whether a path is
// ignored. It supports plain patterns: a name, which matches anywhere, and a path from
// the top, which has a slash before its end.
func ignored(fsys fs.FS) (func(p string) bool, error) {
	text, err := fs.ReadFile(fsys, ".gitignore")
	if err != nil {
		return nil, err
	}
	var names, tops []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(strings.TrimSpace(line), "/")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '!' || strings.Contains(line, "**"):
			return nil, fmt.Errorf(".gitignore: pattern %s is not supported", line)
		case strings.Contains(line, "/"):
			tops = append(tops, strings.TrimPrefix(line, "/"))
		default:
			names = append(names, line)
		}
	}
	return func(p string) bool { return matchAny(tops, p) || matchAny(names, path.Base(p)) }, nil
}

// matchAny reports whether one of the shell patterns matches name.
func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return err == nil && ok
	})
}

// within reports whether p is dir or below it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// inTestdata reports whether p is in a testdata directory, which holds output of
// programs and deliberately wrong examples.
func inTestdata(p string) bool { return slices.Contains(strings.Split(p, "/"), "testdata") }
