package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"
	"golang.org/x/tools/go/packages"

	"commitment/internal/schemakit"
)

const (
	// printerFile is where the go command sees the program that prints the schemas, from
	// the folder above them. It is always the same, so that the program for unchanged
	// schemas comes from the build cache.
	printerFile = "commitment_entities/main.go"
	// entPackage declares the interface of schemas.
	entPackage = "entgo.io/ent"
)

// Load reads the Ent schemas of the source tree at root, from the folder schema in it, and
// whether its code upserts. It needs the go command and the tree's modules in the
// module cache, but neither a network nor generated code. It writes nothing into the
// tree, so trees may be loaded concurrently.
//
// Ent's own loader works only in the process's current directory, and writes there.
func Load(ctx context.Context, root, schema string) (Entities, error) {
	folder, err := filepath.Abs(filepath.Join(root, schema))
	if err != nil {
		return nil, err
	}
	graph, err := LoadGraph(ctx, folder)
	if err != nil {
		return nil, err
	}
	es := entitiesOf(graph)
	found, err := upserts(moduleOf(folder))
	if err != nil {
		return nil, fmt.Errorf("look for upserts: %w", err)
	}
	if !found {
		for i := range es {
			es[i].Arbiters = nil
		}
	}
	return es, nil
}

// moduleOf is the folder of the module that a folder is in.
func moduleOf(folder string) string {
	for dir := folder; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
	}
}

// LoadGraph reads the schemas in a folder as Ent's code generator does.
func LoadGraph(ctx context.Context, folder string) (*gen.Graph, error) {
	printed, err := printed(ctx, folder)
	if err != nil {
		return nil, fmt.Errorf("load entities: %w", err)
	}
	schemas := make([]*load.Schema, 0, len(printed))
	for _, text := range printed {
		s, err := load.UnmarshalSchema(text)
		if err != nil {
			return nil, fmt.Errorf("read a schema: %w", err)
		}
		schemas = append(schemas, s)
	}
	graph, err := gen.NewGraph(&gen.Config{}, schemas...)
	if err != nil {
		return nil, fmt.Errorf("load entities: %w", err)
	}
	return graph, nil
}

// Digest identifies the schemas in a folder, as the generated code does with those that it
// was generated from.
func Digest(ctx context.Context, folder string) (string, error) {
	printed, err := printed(ctx, folder)
	if err != nil {
		return "", fmt.Errorf("load entities: %w", err)
	}
	return schemakit.Digest(printed)
}

// printed are the schemas in a folder, encoded.
func printed(ctx context.Context, folder string) (_ []json.RawMessage, err error) {
	folder, err = filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "commitment-entities-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	flags, err := moduleFlags(ctx, folder, scratch)
	if err != nil {
		return nil, err
	}
	pkg, names, err := declared(ctx, folder, flags)
	if err != nil {
		return nil, err
	}
	return read(ctx, folder, scratch, flags, printer(pkg, names))
}

// moduleFlags are the flags with which the go command adds missing sums to copies of go.mod
// and go.sum in scratch: a module whose code is generated with -mod=mod may lack those of
// Ent's generator. A workspace has no such flags.
func moduleFlags(ctx context.Context, folder, scratch string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOMOD", "GOWORK")
	cmd.Dir = folder
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	mod, work, _ := strings.Cut(string(out), "\n")
	if mod == "" || mod == os.DevNull {
		return nil, fmt.Errorf("there is no go.mod above %s", folder)
	}
	if work = strings.TrimSpace(work); work != "" && work != "off" {
		return nil, nil
	}
	for from, to := range map[string]string{mod: "go.mod", strings.TrimSuffix(mod, ".mod") + ".sum": "go.sum"} {
		content, err := os.ReadFile(from)
		if err != nil && (to == "go.mod" || !errors.Is(err, fs.ErrNotExist)) {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(scratch, to), content, 0o600); err != nil {
			return nil, err
		}
	}
	return []string{"-mod=mod", "-modfile=" + filepath.Join(scratch, "go.mod")}, nil
}

// declared finds the package of the schemas, and the types in it that are schemas.
func declared(ctx context.Context, folder string, flags []string) (pkg string, names []string, err error) {
	pkgs, err := packages.Load(&packages.Config{
		Context:    ctx,
		Dir:        folder,
		Mode:       packages.NeedName | packages.NeedTypes,
		BuildFlags: flags,
	}, entPackage, ".")
	if err != nil {
		return "", nil, err
	}
	var ent, schema *packages.Package
	for _, p := range pkgs {
		if len(p.Errors) > 0 {
			return "", nil, p.Errors[0]
		}
		if p.PkgPath == entPackage {
			ent = p
		} else {
			schema = p
		}
	}
	if ent == nil || schema == nil {
		return "", nil, fmt.Errorf("no package in %s", folder)
	}
	names, err = implementations(ent.Types, schema.Types)
	return schema.PkgPath, names, err
}

// implementations lists the exported structs of a package that are schemas.
func implementations(ent, schema *types.Package) ([]string, error) {
	object := ent.Scope().Lookup("Interface")
	if object == nil {
		return nil, errors.New("this version of Ent has no ent.Interface")
	}
	iface, ok := object.Type().Underlying().(*types.Interface)
	if !ok {
		return nil, errors.New("this version of Ent has no interface ent.Interface")
	}
	var names []string
	for _, name := range schema.Scope().Names() {
		declared, ok := schema.Scope().Lookup(name).(*types.TypeName)
		if !ok || !declared.Exported() || !types.Implements(declared.Type(), iface) {
			continue
		}
		if _, ok := declared.Type().Underlying().(*types.Struct); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// read runs a program in the tree that prints its schemas. The program is in an overlay
// of the go command, beside the schemas but not on disk.
func read(ctx context.Context, folder, scratch string, flags []string, program []byte) ([]json.RawMessage, error) {
	source := filepath.Join(scratch, "main.go")
	if err := os.WriteFile(source, program, 0o600); err != nil {
		return nil, err
	}
	place := filepath.Join(filepath.Dir(folder), printerFile)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{place: source}})
	if err != nil {
		return nil, err
	}
	list := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return nil, err
	}
	args := slices.Concat([]string{"run"}, flags, []string{"-overlay", list, place})
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = folder
	return output(cmd)
}

func printer(pkg string, names []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `package main

import (
	"log"
	"os"

	"entgo.io/ent"
	"entgo.io/ent/entc/load"

	schema %q
)

func main() {
	for _, s := range []ent.Interface{
`, pkg)
	for _, name := range names {
		fmt.Fprintf(&b, "\t\tschema.%s{},\n", name)
	}
	b.WriteString(`	} {
		line, err := load.MarshalSchema(s)
		if err != nil {
			log.Fatal(err)
		}
		os.Stdout.Write(append(line, '\n'))
	}
}
`)
	return b.Bytes()
}

// output returns the lines that a program prints.
func output(cmd *exec.Cmd) ([]json.RawMessage, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run the schemas: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var schemas []json.RawMessage
	for line := range bytes.Lines(stdout.Bytes()) {
		schemas = append(schemas, line)
	}
	return schemas, nil
}
