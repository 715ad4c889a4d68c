// Package atlasfile reads what this tool shares with the Atlas CLI from its project file,
// atlas.hcl: where an env has its migrations, its schema and its databases. It evaluates
// the expressions that need nothing but the file, the environment and other files, and
// connects to nothing.
package atlasfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Name is the file's name.
const Name = "atlas.hcl"

// Env is an env block. A field is empty if the block doesn't have it, or if its value
// comes from somewhere else, such as a registry.
type Env struct {
	Name string
	// URL is the database to migrate, and Dev the one for replays.
	URL, Dev string
	// Dir is the directory of migrations, as a URL, and Format that of its files.
	Dir, Format string
	// Schemas are URLs of the desired state.
	Schemas []string
	// Exclude are patterns of objects that the env isn't about.
	Exclude []string
	// Baseline is SQL for every database for replays.
	Baseline string
}

// Read reads the env of that name. Without a name it is the one that is called "local",
// or the first. A file without env blocks has an env without fields.
func Read(path, name string, environ []string) (Env, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Env{}, err
	}
	parsed, diags := hclsyntax.ParseConfig(content, path, hcl.InitialPos)
	if diags.HasErrors() {
		return Env{}, diags
	}
	f := file{
		body: parsed.Body.(*hclsyntax.Body), // as ParseConfig says
		scope: &hcl.EvalContext{
			Variables: map[string]cty.Value{},
			Functions: functions(filepath.Dir(path), environ),
		},
	}
	block, err := f.choose(name)
	if err != nil || block == nil {
		return Env{}, err
	}
	e := Env{Name: name}
	if len(block.Labels) > 0 {
		e.Name = block.Labels[0]
	}
	f.declare(e.Name)
	return f.read(e, block.Body)
}

type file struct {
	body  *hclsyntax.Body
	scope *hcl.EvalContext
}

// choose returns the block of an env. One without a label is every env's.
func (f file) choose(name string) (*hclsyntax.Block, error) {
	var first *hclsyntax.Block
	wanted := name
	if name == "" {
		wanted = "local"
	}
	for _, b := range f.body.Blocks {
		if b.Type != "env" {
			continue
		}
		if len(b.Labels) == 0 && name != "" || len(b.Labels) > 0 && b.Labels[0] == wanted {
			return b, nil
		}
		if first == nil {
			first = b
		}
	}
	if name != "" {
		return nil, fmt.Errorf("%s has no env %q", Name, name)
	}
	return first, nil
}

// declare puts into scope what expressions refer to. What can't be known from the file is
// an unknown value.
func (f file) declare(env string) {
	variables, dockers := map[string]cty.Value{}, map[string]cty.Value{}
	for _, b := range f.body.Blocks {
		switch {
		case b.Type == "variable" && len(b.Labels) == 1:
			variables[b.Labels[0]] = f.known(b.Body, "default")
		case b.Type == "docker" && len(b.Labels) == 2:
			dockers[b.Labels[1]] = cty.ObjectVal(map[string]cty.Value{
				"url": cty.StringVal("docker://" + b.Labels[0]), "baseline": f.known(b.Body, "baseline"),
			})
		}
	}
	f.scope.Variables["var"] = cty.ObjectVal(variables)
	f.scope.Variables["atlas"] = cty.ObjectVal(map[string]cty.Value{"env": cty.StringVal(env)})
	f.scope.Variables["docker"] = cty.ObjectVal(map[string]cty.Value{"postgres": cty.ObjectVal(dockers)})
	f.scope.Variables["data"] = cty.DynamicVal
	locals := map[string]cty.Value{}
	f.scope.Variables["local"] = cty.DynamicVal
	for _, b := range f.body.Blocks {
		if b.Type != "locals" {
			continue
		}
		for name := range b.Body.Attributes {
			locals[name] = f.known(b.Body, name)
		}
	}
	f.scope.Variables["local"] = cty.ObjectVal(locals)
}

// known evaluates an attribute, which is unknown where that fails.
func (f file) known(body *hclsyntax.Body, name string) cty.Value {
	a := body.Attributes[name]
	if a == nil {
		return cty.DynamicVal
	}
	v, diags := a.Expr.Value(f.scope)
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	return v
}

func (f file) read(e Env, body *hclsyntax.Body) (Env, error) {
	migration := &hclsyntax.Body{}
	for _, b := range body.Blocks {
		if b.Type == "migration" {
			migration = b.Body
		}
	}
	var errs [6]error
	var formats, dirs, urls, devs []string
	urls, errs[0] = f.texts(body, "url")
	devs, errs[1] = f.texts(body, "dev")
	dirs, errs[2] = f.texts(migration, "dir")
	formats, errs[3] = f.texts(migration, "format")
	e.Schemas, errs[4] = f.texts(body, "src")
	e.Exclude, errs[5] = f.texts(body, "exclude")
	e.URL, e.Dev, e.Dir, e.Format = only(urls), only(devs), only(dirs), only(formats)
	e.Baseline = f.baseline(body)
	return e, errors.Join(errs[:]...)
}

// baseline is that of the docker block which the env's dev refers to.
func (f file) baseline(body *hclsyntax.Body) string {
	dev := body.Attributes["dev"]
	if dev == nil {
		return ""
	}
	for _, traversal := range dev.Expr.Variables() {
		if traversal.RootName() != "docker" || len(traversal) < 3 {
			continue
		}
		docker, diags := traversal[:3].TraverseAbs(f.scope)
		if diags.HasErrors() || !docker.Type().HasAttribute("baseline") {
			continue
		}
		if v := docker.GetAttr("baseline"); v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
			return v.AsString()
		}
	}
	return ""
}

// texts evaluates an attribute that is a text or a list of them; none if it isn't known.
func (f file) texts(body *hclsyntax.Body, name string) ([]string, error) {
	a := body.Attributes[name]
	if a == nil {
		return nil, nil
	}
	v, diags := a.Expr.Value(f.scope)
	if diags.HasErrors() {
		return nil, diags
	}
	if !v.IsWhollyKnown() || v.IsNull() {
		return nil, nil
	}
	if text, err := convert.Convert(v, cty.String); err == nil {
		return []string{text.AsString()}, nil
	}
	list, err := convert.Convert(v, cty.List(cty.String))
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", a.Range(), name, err)
	}
	var texts []string
	for it := list.ElementIterator(); it.Next(); {
		if _, text := it.Element(); !text.IsNull() {
			texts = append(texts, text.AsString())
		}
	}
	return texts, nil
}

func only(texts []string) string {
	if len(texts) != 1 {
		return ""
	}
	return texts[0]
}

// functions are those of Atlas that make texts. Files are relative to the project file.
func functions(folder string, environ []string) map[string]function.Function {
	oneText := func(f func(string) (string, error)) function.Function {
		return function.New(&function.Spec{
			Params: []function.Parameter{{Name: "text", Type: cty.String}},
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				text, err := f(args[0].AsString())
				return cty.StringVal(text), err
			},
		})
	}
	return map[string]function.Function{
		"getenv": oneText(func(name string) (string, error) {
			for _, v := range environ {
				if value, found := strings.CutPrefix(v, name+"="); found {
					return value, nil
				}
			}
			return "", nil
		}),
		"file": oneText(func(name string) (string, error) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(folder, name)
			}
			content, err := os.ReadFile(name)
			return string(content), err
		}),
		"format": stdlib.FormatFunc, "join": stdlib.JoinFunc, "concat": stdlib.ConcatFunc, "split": stdlib.SplitFunc,
		"lower": stdlib.LowerFunc, "upper": stdlib.UpperFunc, "trimspace": stdlib.TrimSpaceFunc, "replace": stdlib.ReplaceFunc,
	}
}
