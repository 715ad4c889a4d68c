package config

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of settings into docs/settings.md")

// The chapter has the table between these two marks.
const (
	chapter = "../../docs/settings.md"
	begin   = "<!-- settings -->\n"
	end     = "<!-- /settings -->"
)

func TestDocsListTheSettings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(chapter)
	if err != nil {
		t.Fatalf("%v; want a chapter with the lines %q and %q", err, strings.TrimSpace(begin), end)
	}
	before, rest, opened := bytes.Cut(text, []byte(begin))
	got, after, closed := bytes.Cut(rest, []byte(end))
	if !opened || !closed {
		t.Fatalf("%s has no lines %q and %q; add them, then run: go test ./internal/config -update", chapter, strings.TrimSpace(begin), end)
	}
	want := table(comments(t))
	if *update {
		text = fmt.Appendf(nil, "%s%s%s%s%s", before, begin, want, end, after)
		if err := os.WriteFile(chapter, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run: go test ./internal/config -update\n%s", chapter, diff)
	}
}

// table renders the settings as Markdown.
func table(comments map[string]string) string {
	var b strings.Builder
	b.WriteString("| variable | default | range | what it does |\n|---|---|---|---|\n")
	for _, s := range settings() {
		what, given, _ := strings.Cut(comments[s.name], " Defaults to ")
		what = strings.TrimPrefix(what, s.field+" ")
		what = strings.TrimPrefix(what, "is ")
		var span string
		if low := s.tag.Get("min"); low != "" {
			span = fmt.Sprintf("%s to %s", low, s.tag.Get("max"))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.name, byDefault(s, given), span, capital(what))
	}
	return b.String()
}

// byDefault returns a setting's default, or what happens without one, which its comment
// says after a colon.
func byDefault(s setting, given string) string {
	if value := s.tag.Get("default"); value != "" {
		return "`" + value + "`"
	}
	_, without, _ := strings.Cut(strings.TrimSuffix(given, "."), ": ")
	return without
}

func capital(sentence string) string {
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

func TestCommentsEndWithTheDefault(t *testing.T) {
	t.Parallel()
	comments := comments(t)
	for _, s := range settings() {
		what, given, _ := strings.Cut(comments[s.name], " Defaults to ")
		if !strings.HasPrefix(what, s.field+" ") {
			t.Errorf("comment of %s = %q, want it to begin with the field's name", s.field, what)
		}
		want := cmp.Or(s.tag.Get("default"), "nothing")
		given = strings.TrimSuffix(given, ".")
		if value, _, _ := strings.Cut(given, ": "); value != want {
			t.Errorf("comment of %s ends with the default %q, want %q", s.field, given, want)
		}
	}
}

func TestSettingsAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range settings() {
		if s.name == "" || seen[s.name] {
			t.Errorf("variable of %s = %q, want one of its own", s.field, s.name)
		}
		seen[s.name] = true
		// Parsing the default reads the bounds too, and fails without them.
		if _, err := Load([]string{s.name + "=" + s.tag.Get("default")}); err != nil {
			t.Errorf("Load() with the default of %s = %v, want no error", s.name, err)
		}
		kind := reflect.TypeFor[Config]().FieldByIndex(s.index).Type.Kind()
		if number := kind == reflect.Int || kind == reflect.Int64; number && s.name != "LOG_LEVEL" && s.tag.Get("max") == "" {
			t.Errorf("%s has no bounds", s.name)
		}
	}
	for _, x := range conflicts(Config{}) {
		if !seen[x.setting] || !seen[x.other] {
			t.Errorf("a rule is about %s and %s, want two settings", x.setting, x.other)
		}
	}
}

// comments returns the comment of each setting, on one line, by variable.
func comments(t *testing.T) map[string]string {
	t.Helper()
	file, err := goparser.ParseFile(token.NewFileSet(), "config.go", nil, goparser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && f.Tag != nil {
			tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
			found[tag.Get("env")] = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
		return true
	})
	return found
}
