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

// Settings say what a project is called and what it has. The project keeps them, for its
// upgrades.
type Settings struct {
	// Module is the path of the Go module.
	Module string `json:"module"`
	// Name is that of the service: of its program, its container image and its database.
	// Defaults to the last element of Module.
	Name string `json:"name"`
	// Entity is the first one, as Task. Defaults to none.
	Entity string `json:"entity,omitempty"`
	// Example keeps the ledger.
	Example bool `json:"example,omitempty"`
}

var (
	modulePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9_][A-Za-z0-9._~-]*)*$`)
	namePattern   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	majorPattern  = regexp.MustCompile(`^v[0-9]+$`)
)

const minName, maxName = 2, 30

// taken are names that stand for something else: a folder of cmd, the prefix of a setting,
// a word that SQL reserves, as the service's name is that of a schema.
var taken = strings.Fields(`
	migrate new ent internal vendor testdata main test commitment
	addr db database debug http log pg postgres
	all analyze and any array as asc asymmetric authorization between binary both case cast check collate
	collation column concurrently constraint create cross current-catalog current-date current-role current-schema
	current-time current-timestamp current-user default deferrable desc distinct do else end except false fetch for
	foreign freeze from full grant group having ilike in information-schema initially inner intersect into is isnull
	join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order
	outer overlaps placing primary public references returning right select session-user similar some symmetric
	system-user table tablesample then to trailing true union unique user using variadic verbose when where window with`)

// complete fills in the defaults and says what is wrong with the settings.
func (s *Settings) complete() error {
	if s.Module == "" {
		return errors.New("--module is missing: the path of the new Go module, such as github.com/acme/tasks")
	}
	first, _, _ := strings.Cut(s.Module, "/")
	switch {
	case !modulePattern.MatchString(s.Module) || strings.HasSuffix(s.Module, "."):
		return fmt.Errorf("%q isn't the path of a Go module: want one such as github.com/acme/tasks", s.Module)
	case slices.Contains([]string{"cmd", "std", "commitment", "example"}, first):
		return fmt.Errorf("the module's path can't begin with %q, which stands for another module", first)
	}
	if s.Name == "" {
		s.Name = path.Base(s.Module)
		if majorPattern.MatchString(s.Name) {
			s.Name = path.Base(path.Dir(s.Module))
		}
	}
	switch {
	case !namePattern.MatchString(s.Name) || len(s.Name) < minName || len(s.Name) > maxName:
		return fmt.Errorf("%q can't be the service's name: want %d to %d lower-case letters, digits and single hyphens, "+
			"such as tasks or task-list; set it with --name", s.Name, minName, maxName)
	case slices.Contains(taken, s.Name) || token.IsKeyword(s.Name) || strings.HasPrefix(s.Name, "pg-"):
		return fmt.Errorf("%q can't be the service's name, as it stands for something else: set another with --name", s.Name)
	}
	return nil
}

// ident is the name where there can be no hyphen.
func (s Settings) ident() string { return strings.ReplaceAll(s.Name, "-", "_") }

// title is the name as people write it.
func (s Settings) title() string {
	words := strings.ReplaceAll(s.Name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// A renaming replaces what pattern matches.
type renaming struct {
	pattern *regexp.Regexp
	by      string
}

// renamings turn the foundation's name into the project's. The first that fits counts.
func (s Settings) renamings() []renaming {
	return []renaming{
		// Prose, which means a promise.
		{regexp.MustCompile(`\ba commitment\b`), "a promise"},
		{regexp.MustCompile(`\bcommitments\b`), "promises"},
		// Imports and the module.
		{regexp.MustCompile(`(^|[^/.\w-])commitment/(ent|internal|cmd)\b`), "${1}" + s.Module + "/${2}"},
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

// rename returns the tree under the project's name.
func (s Settings) rename(t tree) (tree, error) {
	all := s.renamings()
	renamed := tree{}
	for p, text := range t {
		if bytes.Contains(bytes.ToLower(text), []byte("commitment")) {
			for _, r := range all {
				text = r.pattern.ReplaceAll(text, []byte(r.by))
			}
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
