package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// generatedHeader marks a generated file (https://go.dev/s/generatedcode).
var generatedHeader = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// bootstrap generates into tmp the code for the declarations alone, and returns an
// overlay file that replaces the tree's generated code with it, for the -overlay flag
// of the go command. It leaves the tree itself unchanged.
func (s *schemas) bootstrap(tmp string) (string, error) {
	texts, err := s.declared()
	if err != nil {
		return "", err
	}
	files := map[string]string{}
	for i, f := range s.files {
		by := filepath.Join(tmp, filepath.Base(f.path))
		if err := os.WriteFile(by, texts[i], 0o600); err != nil {
			return "", err
		}
		files[f.path] = by
	}
	declarations, err := writeOverlay(filepath.Join(tmp, "declarations.json"), files)
	if err != nil {
		return "", err
	}
	target := filepath.Join(tmp, "generated")
	if err := os.Mkdir(target, 0o750); err != nil {
		return "", err
	}
	kept := slices.DeleteFunc(s.structs(), func(name string) bool { return s.dropped[name] })
	if err := s.generate(target, tmp, declarations, kept); err != nil {
		return "", err
	}
	generated, err := overlayFiles(s.dir, target)
	if err != nil {
		return "", err
	}
	return writeOverlay(filepath.Join(tmp, "generated.json"), generated)
}

// overlayFiles maps the generated files of dir to those of target, and to nothing if
// they are no longer generated.
func overlayFiles(dir, target string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		if generatedHeader.Match(text) {
			files[path] = ""
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(target, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[filepath.Join(dir, strings.TrimPrefix(path, target))] = path
		return nil
	})
	return files, err
}

// noOverlay leaves the tree unchanged.
const noOverlay = ""

// writeOverlay writes a file for the go command's -overlay.
func writeOverlay(path string, replace map[string]string) (string, error) {
	absolute := map[string]string{}
	for name, by := range replace {
		name, err := filepath.Abs(name)
		if err != nil {
			return "", err
		}
		absolute[name] = by
	}
	text, err := json.Marshal(map[string]any{"Replace": absolute})
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, text, 0o600)
}
