package project

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Settings describe a project. The project keeps them for its upgrades.
type Settings struct {
	// Module is the path of the Go module.
	Module string `json:"module"`
	// Name is the service's name: of its program, its container image and its database.
	// Defaults to the last element of Module.
	Name string `json:"name"`
	// Entity is the first entity, such as Task. Defaults to none.
	Entity string `json:"entity,omitempty"`
	// Example keeps the ledger.
	Example bool `json:"example,omitempty"`
}

var (
	modulePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9_][A-Za-z0-9._~-]*)*$`)
	namePattern   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	majorPattern  = regexp.MustCompile(`^v[0-9]+$`)
	// impossibleMajor matches the suffix of a major version that Go has none for.
	impossibleMajor = regexp.MustCompile(`/v(0[0-9]*|1)$`)
)

const minName, maxName = 2, 30

// reservedNames have another meaning: a directory of cmd, the prefix of a setting, or a
// reserved word of SQL, because the service's name is also that of a schema.
var reservedNames = strings.Fields(`
	migrate new ent internal vendor testdata main test commitment
	addr db database debug http log pg postgres
	all analyze and any array as asc asymmetric authorization between binary both case cast check collate
	collation column concurrently constraint create cross current-catalog current-date current-role current-schema
	current-time current-timestamp current-user default deferrable desc distinct do else end except false fetch for
	foreign freeze from full grant group having ilike in information-schema initially inner intersect into is isnull
	join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order
	outer overlaps placing primary public references returning right select session-user similar some symmetric
	system-user table tablesample then to trailing true union unique user using variadic verbose when where window with`)

// reservedModules are the first elements of other paths: of the standard library, of the
// go command, and of the foundation.
var reservedModules = strings.Fields(`
	archive bufio builtin bytes cmd cmp commitment compress container context crypto database debug embed encoding
	errors example expvar flag fmt go hash html image index internal io iter log main maps math mime net os path plugin
	reflect regexp runtime slices sort std strconv strings structs sync syscall testing text time unicode unique unsafe
	vendor weak`)

// complete sets the defaults, and returns an error for invalid settings.
func (s *Settings) complete() error {
	if s.Module == "" {
		return errors.New("--module is missing: give the path of the new Go module, such as github.com/acme/tasks")
	}
	first, _, _ := strings.Cut(s.Module, "/")
	switch {
	case !modulePattern.MatchString(s.Module) || strings.HasSuffix(s.Module, ".") || impossibleMajor.MatchString(s.Module):
		return fmt.Errorf("--module %q is not a Go module path: want one such as github.com/acme/tasks", s.Module)
	case slices.Contains(reservedModules, first):
		return fmt.Errorf("--module must not begin with %q, which is another module's path", first)
	}
	if s.Name == "" {
		s.Name = path.Base(s.Module)
		if majorPattern.MatchString(s.Name) {
			s.Name = path.Base(path.Dir(s.Module))
		}
	}
	switch {
	case !namePattern.MatchString(s.Name) || len(s.Name) < minName || len(s.Name) > maxName:
		return fmt.Errorf("service name %q is invalid: want %d to %d lower-case letters, digits and single hyphens, "+
			"such as tasks or task-list; set it with --name", s.Name, minName, maxName)
	case slices.Contains(reservedNames, s.Name) || token.IsKeyword(s.Name) || strings.HasPrefix(s.Name, "pg-"):
		return fmt.Errorf("service name %q is reserved: set another one with --name", s.Name)
	}
	return nil
}

// ident returns the name with underscores, for identifiers.
func (s Settings) ident() string { return strings.ReplaceAll(s.Name, "-", "_") }

// title returns the name with spaces, capitalized.
func (s Settings) title() string {
	words := strings.ReplaceAll(s.Name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// A substitution replaces what pattern matches.
type substitution struct {
	pattern     *regexp.Regexp
	replacement string
}

// substitutions replace the foundation's name by the project's in a line, in this order.
func (s Settings) substitutions() []substitution {
	return []substitution{
		// Prose, which means a promise.
		{regexp.MustCompile(`\ba commitment\b`), "a promise"},
		{regexp.MustCompile(`\bcommitments\b`), "promises"},
		// Imports and the module.
		{regexp.MustCompile(`(^|[^/.\w-])commitment/(ent|internal|cmd|docs)\b`), "${1}" + s.Module + "/${2}"},
		{regexp.MustCompile(`\bmodule commitment\b`), "module " + s.Module},
		{regexp.MustCompile(`local-prefixes: \[commitment\]`), "local-prefixes: [" + s.Module + "]"},
		// Identifiers of Go, SQL and Prometheus.
		{regexp.MustCompile(`\b([Pp]ackage )commitment\b`), "${1}" + strings.ReplaceAll(s.Name, "-", "")},
		{regexp.MustCompile(`\bcommitment([_.][a-z])`), s.ident() + "${1}"},
		{regexp.MustCompile(`\b(SCHEMA (IF NOT EXISTS )?)commitment\b`), "${1}" + s.ident()},
		// The rest.
		{regexp.MustCompile(`COMMITMENT`), strings.ToUpper(s.ident())},
		{regexp.MustCompile(`Commitment`), s.title()},
		{regexp.MustCompile(`commitment`), s.Name},
	}
}

// rename returns the tree with the project's name.
func (s Settings) rename(t tree) (tree, error) {
	all := s.substitutions()
	renamed := tree{}
	for p, text := range t {
		if hasName(text) {
			var lines bytes.Buffer
			for line := range bytes.Lines(text) {
				if hasName(line) {
					for _, r := range all {
						line = r.pattern.ReplaceAll(line, []byte(r.replacement))
					}
				}
				lines.Write(line)
			}
			text = lines.Bytes()
			if path.Ext(p) == ".go" && !strings.Contains(p, "testdata/") {
				var err error
				if text, err = format.Source(text); err != nil {
					return nil, fmt.Errorf("%s: %w", p, err)
				}
			}
		}
		renamed[strings.ReplaceAll(p, "commitment", s.Name)] = text
	}
	return renamed, nil
}

// hasName reports whether the text has the foundation's name.
func hasName(text []byte) bool { return bytes.Contains(bytes.ToLower(text), []byte("commitment")) }
