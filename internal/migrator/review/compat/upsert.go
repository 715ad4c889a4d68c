package compat

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// upsertMethods are the prefixes of the methods that Ent generates for ON CONFLICT.
const upsertMethods = "OnConflict"

// upserts reports whether code of the tree calls what Ent generates for ON CONFLICT. If
// none does, it needs no index.
func upserts(root string) (found bool, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && isForeign(path) {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		if found, err = callsUpsert(path); err != nil || !found {
			return err
		}
		return fs.SkipAll
	})
	return found, err
}

// isForeign reports whether a folder has none of the module's code.
func isForeign(dir string) bool {
	name := filepath.Base(dir)
	if name == "vendor" || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// callsUpsert reports whether a handwritten file calls such a method. If it can't be
// parsed, the compiler will complain.
func callsUpsert(path string) (bool, error) {
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(upsertMethods)) {
		return false, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || ast.IsGenerated(file) {
		return false, nil //nolint:nilerr // as the comment says
	}
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		found = found || ok && strings.HasPrefix(method.Sel.Name, upsertMethods)
		return true
	})
	return found, nil
}
